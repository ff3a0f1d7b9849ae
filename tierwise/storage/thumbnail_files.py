"""Small pictures that runs keep of some of the archive, for the page.

    thumbnails/<algorithm>-<content hash>-<page>.jpg

A name says what is shown, so that whoever makes the same thumbnail again, a repeated bundle or a
later run, replaces it by an equal one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tierwise.storage.files import files_for, join

THUMBNAILS = "thumbnails"
# So strict that no photograph is called so: thumbnails of forgotten pictures are deleted.
_NAME = re.compile(r"(md5|sha256)-([0-9a-f]{32}|[0-9a-f]{64})-(\d+)\.jpg")


@dataclass(frozen=True, slots=True)
class ThumbnailFiles:
    """The thumbnails of one output folder."""

    folder: str

    def write(self, content_hash: str, page: int, data: bytes) -> None:
        """Keep the thumbnail of one picture (JPEG)."""
        uri = join(self.folder, f"{content_hash.replace(':', '-')}-{page}.jpg")
        files_for(uri).write(uri, data)

    def names(self) -> dict[str, str]:
        """The address of each thumbnail by its picture, `<content hash>#<page>`."""
        found = {}
        for stat in files_for(self.folder).walk(self.folder):
            if name := _NAME.fullmatch(stat.uri.rpartition("/")[2]):
                algorithm, digest, page = name.groups()
                found[f"{algorithm}:{digest}#{page}"] = stat.uri
        return found

    def read_all(self, uris: Sequence[str]) -> Iterator[bytes]:
        """Thumbnails in this order."""
        return files_for(self.folder).read_all(uris)


def thumbnails_below(output: str) -> ThumbnailFiles:
    """Those of an output folder."""
    return ThumbnailFiles(join(output, THUMBNAILS))
