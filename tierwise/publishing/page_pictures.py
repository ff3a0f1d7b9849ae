"""Thumbnails as a page carries them: part of its text, and no more than it may weigh."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tierwise.errors import InputError
from tierwise.storage.thumbnail_files import ThumbnailFiles

# All thumbnails together, in bytes before they are coded as text, which adds a third.
_MOST_BYTES = 2_700_000


def page_pictures(
    thumbnails: ThumbnailFiles, names: Mapping[str, str], wanted: Iterable[str]
) -> dict[str, str]:
    """Thumbnails as data URIs by their keys, the first of the wanted ones that fit.

    Raises:
        InputError: one of them cannot be read.
    """
    keys = [key for key in wanted if key in names]
    images: dict[str, str] = {}
    left = _MOST_BYTES
    for key, data in zip(keys, _read(thumbnails, [names[key] for key in keys]), strict=True):
        left -= len(data)
        if left < 0:
            break
        images[key] = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    return images


def _read(thumbnails: ThumbnailFiles, uris: Sequence[str]) -> Iterator[bytes]:
    try:
        yield from thumbnails.read_all(uris)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            f"{thumbnails.folder}: one of them cannot be read: {reason}. Put it right or delete "
            "it, or leave pictures out with --no_thumbnails."
        ) from error
