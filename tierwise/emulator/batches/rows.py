"""Rows of a batch job: one JSON document a line, read from disk one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Row:
    """One request of a job; `line` is what it came in, and tells it from others."""

    index: int
    line: Mapping[str, Any]
    request: Any


def lines_of(paths: Sequence[Path]) -> Iterator[tuple[int, bytes]]:
    """Every line that is not blank, with its number in its file, from 1."""
    for path in paths:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if stripped := line.strip():
                    yield number, stripped


def rows_of(paths: Sequence[Path]) -> Iterator[Row]:
    """The rows of files whose lines were all checked."""
    for index, (_, line) in enumerate(lines_of(paths)):
        document = orjson.loads(line)
        yield Row(index, document, document["request"])


def exchanged(rows: Iterator[Row], swaps: Callable[[Row], bool]) -> Iterator[Row]:
    """Where `swaps` says so, a row and the next are asked each other's request."""
    for row in rows:
        other = next(rows, None) if swaps(row) else None
        if other is None:
            yield row
        else:
            yield replace(row, request=other.request)
            yield replace(other, request=row.request)
