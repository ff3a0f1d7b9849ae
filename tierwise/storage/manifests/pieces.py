"""Parts of a manifest that can be read apart, where its format allows any.

* Parquet: row groups.
* JSON Lines: ranges of bytes, for a line's end never stands within a row.
* CSV: ranges of bytes too, as long as no quote has come since the file's beginning. Behind a quote
  a line's end may stand within a cell, so the rest of the file is one piece.
* What gzip has packed is one piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

from tierwise.records import Record
from tierwise.storage.manifests.forms import Format, format_of, is_packed
from tierwise.storage.manifests.streams import opened, opened_parquet
from tierwise.storage.stat import Stat

# About so much a worker reads at a time, some hundred thousand rows.
_PIECE_BYTES = 32 << 20
_PIECE_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Piece(Record):
    """Rows that begin in the bytes of a file from `start` on and before `end`; None is its end.

    Of a Parquet file these are row groups.
    """

    uri: str
    start: int = 0
    end: int | None = None


def pieces_of(shard: Stat, *, piece_bytes: int = _PIECE_BYTES) -> Iterator[Piece]:
    """All rows of a file of a manifest, each once.

    Raises:
        InputError: a Parquet file is damaged.
    """
    uri, format_ = shard.uri, format_of(shard.uri)
    if is_packed(uri):
        yield Piece(uri)
    elif format_ is Format.PARQUET:
        yield from _row_groups(uri)
    elif format_ is Format.JSON_LINES:
        cuts = [0, *range(piece_bytes, shard.bytes, piece_bytes)]
        yield from map(Piece, repeat(uri), cuts, [*cuts[1:], None])
    elif shard.bytes > piece_bytes:
        yield from _unquoted(shard, piece_bytes)
    else:
        yield Piece(uri)


def before(piece: Piece) -> int:
    """How many lines a file has before a piece, or rows in Parquet; it is read up to there."""
    if not piece.start:
        return 0
    if format_of(piece.uri) is Format.PARQUET:
        with opened_parquet(piece.uri) as file:
            groups = range(piece.start)
            return sum(file.metadata.row_group(group).num_rows for group in groups)
    lines = 0
    with opened(piece.uri) as stream:
        left = piece.start
        while left > 0 and (line := stream.readline()):
            lines, left = lines + 1, left - len(line)
    return lines


def _unquoted(shard: Stat, piece_bytes: int) -> Iterator[Piece]:
    start = position = 0
    with opened(shard.uri) as stream:
        while (chunk := stream.read(piece_bytes)) and b'"' not in chunk:
            if line_end := chunk.rfind(b"\n") + 1:
                yield Piece(shard.uri, start, position + line_end)
                start = position + line_end
            position += len(chunk)
    if start < shard.bytes:
        yield Piece(shard.uri, start)


def _row_groups(uri: str) -> Iterator[Piece]:
    with opened_parquet(uri) as file:
        groups = file.metadata.num_row_groups
        rows = [file.metadata.row_group(group).num_rows for group in range(groups)]
    start = gathered = 0
    for group, count in enumerate(rows):
        gathered += count
        if gathered >= _PIECE_ROWS or group == groups - 1:
            yield Piece(uri, start, group + 1)
            start, gathered = group + 1, 0
