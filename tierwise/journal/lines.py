"""The journal's format: one JSON line per paid reply and image.

    {"version": 2, "run_id": ..., "content_hash": ..., "request_id": ..., "answerer": ...,
     "answer": ... or "failure": ... or "wasted": ..., "crc": "1a2b3c4d"}

Lines are never changed, and `_upgraded` reads those of every older version:

    1   do not say who answered, at which limit a reply ended, nor which frames pages are, have no
        checksum, the CRC-32 of the line before it, and a baseline by another rule, left out here

One of a newer version is refused: to guess at it could pay twice. One that is damaged is left out,
for its checksum is that of another line, and its answer is asked again. What it paid is not
forgotten: an object's name says how many lines it was written with, never none, and `{}` stands for
each that was lost. Of a picture that people want forgotten a line stays as waste of no content and
no request: who was paid what, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from tierwise.answerer import Answerer
from tierwise.errors import JournalError
from tierwise.records import MOVING_FORMATS, UNKNOWN_FRAMES, Answer, Failure, Spent

VERSION = 2


@dataclass(frozen=True, slots=True)
class Again:
    """How a question that goes round again is asked by the same run, if that begins anew.

    `alone` says that it shares no request any more, `asked_again` that an answer outside its type
    would be its second, `lost` in how many batch jobs nothing came of it, and `at_once` that no
    further job asks it.
    """

    alone: bool = False
    asked_again: bool = False
    lost: int = 0
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What one reply brought for one image.

    Exactly one of `answer`, `failure` and `wasted` is set; `wasted` is the share of a paid reply
    that could not be used, so that the image was asked again. `answerer` is who gave the reply, or
    was asked for one; None in lines that do not say. `cut_off_at` is the output limit (tokens) of a
    single answer that the reply ended at, 0 where it did not. `again` goes with `wasted`, where
    what is asked again has to wait for the next pass over the archive.
    """

    run_id: str
    content_hash: str
    request_id: str
    answer: Answer | None = None
    failure: Failure | None = None
    wasted: Spent | None = None
    answerer: Answerer | None = None
    cut_off_at: int = 0
    again: Again | None = None

    @property
    def spent(self) -> Spent:
        """What this reply used and cost, or may have.

        Outcomes do not count their own waste here: it has entries of its own.
        """
        outcome = self.answer or self.failure
        return self.wasted or (outcome.spent if outcome else Spent())


_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_OF_THIS_VERSION = to_json({"version": VERSION})[:-1] + b","
_LINE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
# The entry says who answered.
_SAID_ALREADY = {"answer": {"service"}}
_LINES_WRITTEN = re.compile(r"\.(\d+)\.jsonl")
_CHECKSUM = re.compile(rb',"crc":"([0-9a-f]{8})"\}\Z')
_LOST = b"{}"


def object_name(stem: str, lines: int) -> str:
    """The name of an object of so many lines.

    >>> object_name("run-1-ab12", 3)
    'run-1-ab12.3.jsonl'
    """
    return f"{stem}.{lines}.jsonl"


def to_lines(entries: Iterable[Entry]) -> bytes:
    """Entries as JSON lines with the format's version; what is empty is left out."""
    return b"".join(map(_line, entries))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What can be read of one journal object: entries, and how many lines cannot.

    `lost` are lines that were found damaged by an earlier look, and have been replaced.
    """

    entries: list[Entry]
    damaged: int
    lost: int = 0

    def mended(self) -> bytes:
        """The object without its damaged lines, of which it remembers how many there were."""
        return to_lines(self.entries) + (_LOST + b"\n") * (self.damaged + self.lost)


def read_lines(lines: bytes, *, name: str) -> Decoded:
    """Read one journal object.

    Raises:
        JournalError: it is of a newer version.
    """
    found = [line for line in lines.split(b"\n") if line]
    lost = found.count(_LOST)
    read = (_decode_line(line, name) for line in found if line != _LOST)
    entries = [entry for entry in read if entry]
    written = _LINES_WRITTEN.search(name)
    count = int(written[1]) if written else max(len(found), 1)
    return Decoded(entries, max(0, count - lost - len(entries)), lost)


def with_money_alone(
    lines: bytes, *, name: str, goes: Callable[[Entry | None], bool]
) -> tuple[bytes, int]:
    """A journal object whose lines that go tell of their money alone, and how many these are.

    `goes` is asked of each line, None for one that cannot be read. All others keep their bytes.

    Raises:
        JournalError: it is of a newer version.
    """
    kept, gone = [], 0
    for line in filter(None, lines.split(b"\n")):
        entry = _decode_line(line, name) if line != _LOST else None
        if line == _LOST or _tells_of_money_alone(entry) or not goes(entry):
            kept.append(line + b"\n")
            continue
        gone += 1
        kept.append(_line(_money_of(entry)) if entry else _LOST + b"\n")
    return b"".join(kept), gone


def _money_of(entry: Entry) -> Entry:
    return Entry(entry.run_id, "", "", wasted=entry.spent, answerer=entry.answerer)


def _tells_of_money_alone(entry: Entry | None) -> bool:
    return entry is not None and not entry.content_hash and not entry.request_id


def _line(entry: Entry) -> bytes:
    written = _ENTRY.dump_python(entry, mode="json", exclude_defaults=True, exclude=_SAID_ALREADY)
    line = to_json({"version": VERSION, **written})[:-1]
    return b'%s,"crc":"%08x"}\n' % (line, crc32(line))


def _decode_line(line: bytes, name: str) -> Entry | None:
    """One entry, or None for a damaged line."""
    sum_ = _CHECKSUM.search(line)
    if sum_ and crc32(line[: sum_.start()]) != int(sum_[1], 16):
        return None
    try:
        if sum_ and line.startswith(_OF_THIS_VERSION):  # in one go, which takes half the time
            return _checked(_ENTRY.validate_json(line))
        written = _LINE.validate_json(line)
        version = written.pop("version")
        if isinstance(version, int) and version > VERSION:
            raise JournalError(
                f"{name}: journal format {version} is newer than this program knows "
                f"({VERSION}). Run the newer tierwise that wrote it, or give another --output."
            )
        return _checked(_ENTRY.validate_python(_upgraded(written))) if version == 1 else None
    except (ValidationError, KeyError):
        return None


def _upgraded(line: dict[str, Any]) -> dict[str, Any]:
    """A line of any older version, less its number, as one of this version."""
    for kind in ("answer", "failure"):
        if not isinstance(line.get(kind), dict):
            continue
        line[kind] = {**line[kind], "baseline": 0}
        page = line[kind].get("page", {})
        if page.get("pages", 1) > 1 and page.get("format") in MOVING_FORMATS:
            line[kind]["page"] = {**page, "frames": UNKNOWN_FRAMES}
    return line


def _checked(entry: Entry) -> Entry | None:
    """None when it tells of nothing. Several labels are a tuple, which JSON writes as a list."""
    if (entry.answer, entry.failure, entry.wasted) == (None, None, None):
        return None
    if entry.answer and isinstance(entry.answer.value, list):
        return replace(entry, answer=replace(entry.answer, value=tuple(entry.answer.value)))
    return entry
