"""Rows of a manifest that cannot be read: the first of them by their lines, and how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn, TypeVar

from tierwise.errors import InputError
from tierwise.storage.manifests.forms import Format, format_of
from tierwise.storage.manifests.pieces import Piece, before

_Row = TypeVar("_Row")

_SHOWN = 3
# Rows behind a bad one that are looked through for others.
_MOST_READ = 100_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read.

    `number` counts lines of a piece from 1, or rows where the format has no lines. `problem` is
    what stands behind it in a message.
    """

    number: int
    problem: str


def good_rows(piece: Piece, rows: Iterator[_Row | BadRow]) -> Iterator[_Row]:
    """The rows of a piece up to a bad one.

    Raises:
        InputError: there is one; it names three, and counts those that come soon after.
    """
    for row in rows:
        if isinstance(row, BadRow):
            refuse_rows(piece, row, rows)
        yield row


def refuse_rows(piece: Piece, first: BadRow, rest: Iterable[object]) -> NoReturn:
    """Raise for a bad row, and those among the rest."""
    bad, read = [first], 0
    for row in islice(rest, _MOST_READ):
        read += 1
        if isinstance(row, BadRow):
            bad.append(row)
    word = "row" if format_of(piece.uri) is Format.PARQUET else "line"
    earlier = before(piece)
    told = [f"{piece.uri}: {word} {earlier + first.number}{_ended(first.problem)}"]
    for row in bad[1:_SHOWN]:
        problem = " too." if row.problem == first.problem else _ended(row.problem)
        told.append(f"{word.capitalize()} {earlier + row.number}{problem}")
    if len(bad) > 1:
        whole = not piece.start and piece.end is None and read < _MOST_READ
        told.append(f"Bad {word}s: {'' if whole else 'at least '}{len(bad):,}.")
    raise InputError(" ".join(told))


def _ended(problem: str) -> str:
    return problem if problem.endswith((".", "!", "?")) else f"{problem}."
