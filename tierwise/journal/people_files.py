"""What people have said of pictures, as the journal keeps it: their words are final answers.

    journal/people/<number>-<run id>.jsonl

Each object holds all words that stand, one JSON line per picture and task with a checksum, so that
the last one alone counts; those before it are deleted once it is there. A process reads it once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from zlib import crc32

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from tierwise.errors import JournalError
from tierwise.people import NOBODY, People, Word, people_of
from tierwise.storage.files import files_for, join

FOLDER = "people"
VERSION = 1


@dataclass(frozen=True, slots=True)
class PeopleFiles:
    """Where the words of one journal lie."""

    journal: str

    @property
    def folder(self) -> str:
        """Where all of them lie."""
        return join(self.journal, FOLDER)

    def read(self) -> People:
        """The words that stand.

        Raises:
            JournalError: they are of a newer version, or cannot be read.
        """
        names = self._names()
        return _read(names[-1][0], names[-1][1]) if names else NOBODY

    def write(self, people: People, name: str) -> None:
        """Make these the words that stand; `name` sorts behind those of all runs before."""
        files, uri = files_for(self.folder), join(self.folder, f"{name}.jsonl")
        files.write(uri, b"".join(map(_line, people)), durable=True)
        for before, _ in self._names():
            if before < uri:
                files.delete(before)

    def forget(self, contents: Collection[str], names: Collection[str]) -> int:
        """Take all words about these contents away, and these names; how many words go."""
        gone, files = 0, files_for(self.folder)
        for uri, size in self._names():
            people = _read(uri, size)
            before = list(people)
            kept = [
                replace(word, uri="") if word.uri in names else word
                for word in before
                if word.content_hash not in contents
            ]
            if kept != before:
                files.write(uri, b"".join(map(_line, kept)), durable=True)
                gone += len(before) - len(kept)
        return gone

    def _names(self) -> list[tuple[str, int]]:
        found = files_for(self.folder).walk(self.folder)
        return sorted((stat.uri, stat.bytes) for stat in found if stat.uri.endswith(".jsonl"))


_WORD: TypeAdapter[Word] = TypeAdapter(Word)
_LINE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def _line(word: Word) -> bytes:
    written = _WORD.dump_python(word, mode="json", exclude_defaults=True)
    line = to_json({"version": VERSION, **written})
    return to_json({"word": line.decode(), "crc": f"{crc32(line):08x}"}) + b"\n"


@lru_cache(maxsize=4)
def _read(uri: str, size: int) -> People:
    """One object; it is never written again under its name, but shorter where a picture goes."""
    del size
    return people_of(_decoded(line, uri) for line in files_for(uri).read(uri).split(b"\n") if line)


def _decoded(line: bytes, uri: str) -> Word:
    try:
        found = _LINE.validate_json(line)
        written = str(found["word"]).encode()
        whole = found["crc"] == f"{crc32(written):08x}"
        word = _LINE.validate_json(written if whole else b"damaged")
        version = word.pop("version")
        read = _WORD.validate_python(word) if version == VERSION else None
    except (ValidationError, ValueError, KeyError) as error:
        raise JournalError(
            f"{uri}: what people have said cannot be read: a line is damaged. Put the file back "
            "from a backup, or delete it and give --corrections again."
        ) from error
    if read is None:
        raise JournalError(
            f"{uri}: format {version} is newer than this program knows ({VERSION}). Run the newer "
            "tierwise that wrote it, or give another --output."
        )
    return replace(read, value=tuple(read.value)) if isinstance(read.value, list) else read
