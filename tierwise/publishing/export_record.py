"""What exports wrote into a folder, by their digests: what people have changed since is theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from tierwise.errors import InputError
from tierwise.storage.files import files_for, join

RECORD_FILE = "exported.json"
_KEY = "tierwise_export_sha256"
_READ_BYTES = 1 << 20
# The file in its place, and the one that was about to take it when an export was killed.
_KEPT = 2


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """The files of exports below a folder, sidecars excepted."""

    folder: str

    def put(self, name: str, pieces: Iterable[bytes]) -> str:
        """Write a file whole in the place of that of an earlier export; where it is.

        Raises:
            InputError: what lies there is no export, or was changed since.
        """
        uri = join(self.folder, name)
        if files_for(uri).exists(uri) and not self.has_as_written(name):
            raise InputError(
                f"{uri}: is not as tierwise export wrote it, and another would be written in its "
                "place. Move it away, or give another --into."
            )
        digest = hashlib.sha256()
        with files_for(uri).create(uri) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
            self._note(name, digest.hexdigest())
        return uri

    def has_as_written(self, name: str) -> bool:
        """Whether a file is there, and is as an export wrote it."""
        known, uri = self._read().get(name, ()), join(self.folder, name)
        return bool(known) and files_for(uri).exists(uri) and _digest(uri) in known

    def as_written(self) -> Iterator[str]:
        """Where the files are that are as exports wrote them."""
        for name in self._read():
            if self.has_as_written(name):
                yield join(self.folder, name)

    def delete(self) -> None:
        """Forget that anything was exported."""
        if self._read():
            files_for(self._uri).delete(self._uri)

    @property
    def _uri(self) -> str:
        return join(self.folder, RECORD_FILE)

    def _read(self) -> dict[str, list[str]]:
        if not files_for(self._uri).exists(self._uri):
            return {}
        try:
            found: dict[str, list[str]] = orjson.loads(files_for(self._uri).read(self._uri))[_KEY]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._uri}: is not as tierwise export wrote it, which keeps there what it has "
                "written. Move it away."
            ) from error
        return found

    def _note(self, name: str, digest: str) -> None:
        """Before the file appears, so that whoever is killed in between knows it all the same."""
        files = self._read()
        files[name] = list(dict.fromkeys([*files.get(name, ()), digest]))[-_KEPT:]
        data = orjson.dumps({_KEY: files}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        files_for(self._uri).write(self._uri, data + b"\n")


def _digest(uri: str) -> str:
    digest = hashlib.sha256()
    with files_for(uri).open(uri) as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
