"""One file to small files: what `tierwise optimize` does with each. Runs in worker threads."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass, replace

from tierwise.answering.prepare import prepare_file
from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.metrics import Optimized
from tierwise.records import ImageFile, ImageSettings
from tierwise.storage.files import files_for, join
from tierwise.storage.relative_names import with_digest

SMALL_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
}


@dataclass(frozen=True, slots=True)
class Shrinking:
    """How and where to write small files, below `folder`. Unfinished ones lie in another."""

    folder: str
    settings: ImageSettings
    limits: Limits = Limits()
    unfinished: str = ""


def optimize_file(file: ImageFile, stem: str, shrinking: Shrinking) -> list[Optimized]:
    """Write a small file for each image of a file, below their root.

    Args:
        file: what to shrink.
        stem: the path below the root, without an ending; pages get a number behind it.
        shrinking: how and where to.

    Returns:
        One record per image, without the bytes; a file that cannot be read is one failure.
    """
    try:
        pages = prepare_file(file, (shrinking.settings,), shrinking.limits)
    except ImageError as error:
        return [Optimized(file, 1, failure=error)]
    results = []
    for prepared in pages:
        number = prepared.page.number
        found = prepared.pictures[shrinking.settings]
        if isinstance(found, ImageError):
            results.append(Optimized(file, number, failure=found))
            continue
        name = stem if prepared.page.pages == 1 else f"{stem}.page-{number:04}"
        output = _write(name, SMALL_ENDINGS[found.mime_type], found.data, shrinking)
        results.append(Optimized(file, number, output, replace(found, data=b""), len(found.data)))
    return results


def _write(name: str, ending: str, data: bytes, shrinking: Shrinking) -> str:
    """Write a small file whole, under another name where a folder is called like it."""
    for output in (f"{name}.{ending}", f"{with_digest(name, name)}.{ending}"):
        uri = join(shrinking.folder, output)
        with suppress(IsADirectoryError):
            files_for(uri).write(uri, data, aside=shrinking.unfinished)
            return output
    raise IsADirectoryError(errno.EISDIR, "a folder has the name of a small file", uri)
