"""A first look at a manifest: its columns, and about how many rows there are.

A small one is read whole. Of a larger one some rows from all over it stand for all, so that the
look takes seconds and holds little, however many rows there are. Of JSON Lines alone each row is
read for its columns, which nothing else says: some seconds for a million.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tierwise.errors import InputError
from tierwise.storage.files import files_for
from tierwise.storage.manifests.all_kinds import kinds_of_all
from tierwise.storage.manifests.bad_rows import good_rows
from tierwise.storage.manifests.cells import (
    check_unique,
    column_names,
    numbered_rows,
    required_format,
)
from tierwise.storage.manifests.forms import Format, is_packed
from tierwise.storage.manifests.kinds import EXACT, KindTally, arrow_kind, wider
from tierwise.storage.manifests.pieces import Piece, pieces_of
from tierwise.storage.manifests.rows import URI, ManifestRow, read_rows, with_addresses
from tierwise.storage.manifests.streams import opened, opened_parquet, unpacked
from tierwise.storage.stat import Stat

_Thing = TypeVar("_Thing")

# Rows of a manifest that is small enough to be read whole.
_MOST_ROWS = 100_000
# Of a larger one, so many rows at most, from so many places, of so many bytes each.
_SAMPLED_ROWS = 20_000
_PLACES = 64
_PLACE_BYTES = 64 << 10
_UNPACKED_BYTES = 4 << 20
# Files whose columns are looked at.
_MOST_FILES = 256
_TOGETHER = 16
_SEED = 20261130
_NAME_IT = "Name the column that holds the images' addresses uri."
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


@dataclass(frozen=True, slots=True)
class Look:
    """The columns beside `uri` with their kinds; about how many rows, None where it is small."""

    columns: Mapping[str, str]
    about: int | None


def look_at(shards: Sequence[Stat]) -> Look:
    """A look at the files of a manifest, of which there is one at least.

    Raises:
        InputError: one cannot be read as a manifest, or has no `uri` column.
    """
    small, uri = _is_small(shards), shards[0].uri
    files = shards if small else _some(shards, _MOST_FILES)
    if required_format(uri) is Format.JSON_LINES:
        uris = [shard.uri for shard in shards]
        kinds = _jsonl_kinds(uris) if small else kinds_of_all(uris)
    else:
        with ThreadPoolExecutor(_TOGETHER) as pool:
            found = list(pool.map(lambda shard: _kinds_in(shard.uri, small), files))
        kinds = reduce(_united, found)
    check_unique(uri, list(kinds))
    _check_names(uri, kinds)
    columns = {column: kind for column, kind in kinds.items() if column != URI}
    return Look(columns, None if small else _about(shards, files))


def sampled_rows(
    shards: Sequence[Stat], kinds: Mapping[str, str], folder: str
) -> Iterator[ManifestRow]:
    """Some rows from all over a large manifest, the same ones each time.

    Raises:
        InputError: one of them is malformed.
    """
    places = _places(shards)
    for piece in places:
        rows = islice(read_rows(piece, kinds, folder), -(-_SAMPLED_ROWS // len(places)))
        if piece.start and required_format(piece.uri).separator:
            with suppress(InputError):  # a cell with line ends may stand there
                yield from rows
        else:
            yield from rows


def _is_small(shards: Iterable[Stat]) -> bool:
    left = _MOST_ROWS
    for shard in shards:
        left -= _lines_up_to(shard.uri, left + 1)
        if left < 0:
            return False
    return True


def _lines_up_to(uri: str, most: int) -> int:
    if required_format(uri) is Format.PARQUET:
        return _parquet_rows(uri)
    with opened(uri) as stream:
        return sum(1 for _ in islice(stream, most))


def _parquet_rows(uri: str) -> int:
    with opened_parquet(uri) as file:
        rows: int = file.metadata.num_rows
    return rows


def _kinds_in(uri: str, whole: bool) -> dict[str, str]:
    names = column_names(uri)
    if required_format(uri) is not Format.PARQUET:
        return dict.fromkeys(names, "string")
    with opened_parquet(uri) as file:
        kinds = {field.name: arrow_kind(field.type) for field in file.schema_arrow}
        numbers = [name for name, kind in kinds.items() if kind == "number" and whole]
        had_gaps = [name for name in numbers if _had_gaps(file, name)]
    return kinds | dict.fromkeys(had_gaps, "integer")


def _jsonl_kinds(uris: Iterable[str]) -> dict[str, str]:
    tally = KindTally()
    for uri in uris:
        for _, cells in good_rows(Piece(uri), with_addresses(numbered_rows(Piece(uri)))):
            tally.add(cells)
    return tally.kinds(whole=True)


def _united(kinds: dict[str, str], others: Mapping[str, str]) -> dict[str, str]:
    both = {name: wider(kinds.get(name, kind), kind) for name, kind in others.items()}
    return kinds | both


def _check_names(uri: str, kinds: Mapping[str, str]) -> None:
    if "" in kinds:
        raise InputError(f"{uri}: a column has no name. Name it or delete it.")
    if URI not in kinds:
        found = ", ".join(kinds) or "none"
        raise InputError(
            f"{uri}: a manifest needs a column named uri; its columns are: {found}. "
            f"{_hint(uri, kinds)}"
        )


def _hint(uri: str, names: Iterable[str]) -> str:
    """What to do when no column is called uri: some spreadsheets do not write commas."""
    own = required_format(uri).separator
    first_line = own.join(names)
    for sign, called in _OTHER_SEPARATORS.items() if own else ():
        if sign != own and URI in re.split(f"[{re.escape(own + sign)}]", first_line):
            wanted = _OTHER_SEPARATORS[own]
            return f"Its cells are separated by {called}: separate them by {wanted}."
    if own and re.search(r"://|/.*\.\w+", first_line):
        return f"It seems to begin with a row: write a first line with the names. {_NAME_IT}"
    return _NAME_IT


def _had_gaps(file: pq.ParquetFile, name: str) -> bool:
    """Whether a column is of whole numbers, which its gaps alone have made fractions of."""
    gaps = filled = 0
    for batch in file.iter_batches(columns=[name]):
        values = pc.drop_null(pc.cast(batch.column(0), pa.float64()))
        values = values.filter(pc.invert(pc.is_nan(values)))
        if not pc.all(pc.less(pc.abs(values), EXACT)).as_py() and len(values):
            return False
        if not pc.all(pc.equal(values, pc.floor(values)), min_count=0).as_py():
            return False
        gaps, filled = gaps + batch.num_rows - len(values), filled + len(values)
    return bool(gaps and filled)


def _about(shards: Sequence[Stat], files: Sequence[Stat]) -> int:
    """How many rows there are, by those of some files or places."""
    uri = shards[0].uri
    if required_format(uri) is Format.PARQUET:
        with ThreadPoolExecutor(_TOGETHER) as pool:
            rows = sum(pool.map(lambda shard: _parquet_rows(shard.uri), files))
        seen = sum(shard.bytes for shard in files)
    elif is_packed(uri):
        found = [_beginning(shard.uri) for shard in _some(files, _TOGETHER)]
        rows, seen = (sum(numbers) for numbers in zip(*found, strict=True))
    else:
        found = [_lines_at(piece) for piece in _blocks(shards)]
        rows, seen = (sum(numbers) for numbers in zip(*found, strict=True))
    return max(1, round(rows / max(1, seen) * sum(shard.bytes for shard in shards)))


def _beginning(uri: str) -> tuple[int, int]:
    """Lines at the beginning of a packed file, and the bytes that they take there."""
    with files_for(uri).open(uri) as packed, unpacked(uri, packed) as stream:
        return stream.read(_UNPACKED_BYTES).count(b"\n"), packed.tell()


def _lines_at(block: Piece) -> tuple[int, int]:
    data = _bytes_of(block)
    return data.count(b"\n"), len(data)


def _bytes_of(block: Piece) -> bytes:
    with files_for(block.uri).open(block.uri, _PLACE_BYTES) as stream:
        stream.seek(block.start)
        return stream.read((block.end or 0) - block.start)


def _places(shards: Sequence[Stat]) -> list[Piece]:
    """Where to look at some rows: pieces, the first rows of which are looked at."""
    uri = shards[0].uri
    fronts = [Piece(shard.uri) for shard in _some(shards, _PLACES)]
    if is_packed(uri):
        return fronts
    if required_format(uri) is Format.PARQUET:
        pieces = [piece for shard in _some(shards, _PLACES) for piece in pieces_of(shard)]
        return list(_some(pieces, _PLACES))
    first, *others = _blocks(shards)
    if required_format(uri) is not Format.JSON_LINES:  # where a line begins, quotes would hide
        others = [block for block in others if b'"' not in _bytes_of(block)]
    return [first, *others] if others else fronts


def _blocks(shards: Sequence[Stat]) -> list[Piece]:
    """The first bytes, and some of each part if all files are cut into equal ones."""
    total = sum(shard.bytes for shard in shards)
    part = max(1, total // _PLACES)
    length = min(part, _PLACE_BYTES)
    chance = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    offsets = [at + chance.randrange(part - length + 1) for at in range(0, total, part)]
    offsets, blocks, begin = [0, *offsets[1:]], list[Piece](), 0
    for shard in shards:
        end = begin + shard.bytes
        while offsets and offsets[0] < end:
            start = offsets.pop(0) - begin
            blocks.append(Piece(shard.uri, start, min(start + length, shard.bytes)))
        begin = end
    return blocks


def _some(things: Sequence[_Thing], most: int) -> Sequence[_Thing]:
    """At most so many of them, in their order, the first one among them."""
    if len(things) <= most:
        return things
    chance = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    return [things[place] for place in sorted({0, *chance.sample(range(len(things)), most - 1)})]
