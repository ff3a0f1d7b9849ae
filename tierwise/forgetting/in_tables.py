"""Rows of Parquet tables: which are about a picture, and tables without them."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tierwise.answering.groups import member_id
from tierwise.errors import InputError
from tierwise.forgetting.going import FORGOTTEN, Going
from tierwise.known_files import Change
from tierwise.storage.files import files_for

_URI, _CONTENT, _PICTURE = "uri", "content_hash", "picture_uri"
# Lists of names, and the content of the picture whose answer a near duplicate has.
_NAMES, _LEADER = "examples", "shared_with"
# What a file was before, in the table `files`.
_MOVED_FROM, _BEFORE, _CHANGE = "moved_from", "content_before", "change"
_LOOKED_AT = (_URI, _CONTENT, _NAMES, _LEADER, _MOVED_FROM, _BEFORE, _CHANGE)
# A billion images have fifty thousand files.
_FILES_AT_A_TIME = 16
_ROWS_PER_BATCH = 50_000
_T = TypeVar("_T")
# A content and a name that it has.
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Without:
    """A file without what goes: `data`, how many rows it has, what went and what that had cost.

    `member_ids` are the parts of requests about groups that were about the rows that went.
    """

    data: bytes
    rows: int
    gone: int
    cost_usd: Decimal
    member_ids: frozenset[str]


def named(uris: Sequence[str], going: Going) -> Going:
    """The same with what tables know of it: all names of its contents, the contents of its names.

    Raises:
        InputError: a file cannot be read.
    """
    contents = set[str]().union(*_in_threads(lambda uri: _contents_of(uri, going.names), uris))
    pairs = set[Pair]().union(
        *_in_threads(lambda uri: _names_of(uri, contents | going.contents, going), uris)
    )
    shared = frozenset(content for content, _ in pairs) - going.contents
    names = frozenset(name for content, name in pairs if content in going.contents)
    return Going(going.names | names, (going.contents | contents) - shared, shared)


def holding(uris: Sequence[str], going: Going) -> list[str]:
    """The files in which there is anything of it."""
    found = _in_threads(lambda uri: any(_concerned(batch, going) for batch in _batches(uri)), uris)
    return [uri for uri, holds in zip(uris, found, strict=True) if holds]


def in_none(uris: Sequence[str], contents: Collection[str]) -> frozenset[str]:
    """Those of some contents that no row of these files has."""

    def had(uri: str) -> set[str]:
        found = set[str]()
        for batch in _batches(uri):
            if _has(batch, _CONTENT):
                some = batch.column(_CONTENT)
                found.update(some.filter(_among(some, contents)).unique().to_pylist())
        return found

    return frozenset(contents).difference(*_in_threads(had, uris if contents else ()))


def drawn_of(uris: Sequence[str], going: Going) -> frozenset[str]:
    """The pictures that rows tell of which go."""

    def drawn(uri: str) -> set[str]:
        with files_for(uri).open(uri) as stream:
            file = pq.ParquetFile(stream)
            if not {_PICTURE, _URI, _CONTENT} <= set(file.schema_arrow.names):
                return set()
            found = file.read([_PICTURE, _URI, _CONTENT])
        return set(found.filter(_goes(found, going)).column(_PICTURE).to_pylist())

    return frozenset(filter(None, set[str | None]().union(*_in_threads(drawn, uris))))


def without(uri: str, going: Going) -> Without:
    """A file's rows and schema less what goes; all other cells stay as they are."""
    with files_for(uri).open(uri) as stream:
        kept, gone = parted(pq.ParquetFile(stream).read(), going)
    sink = io.BytesIO()
    pq.write_table(kept, sink, compression="zstd")
    return Without(sink.getvalue(), kept.num_rows, gone.num_rows, _cost_of(gone), _member_ids(gone))


def parted(table: pa.Table, going: Going) -> tuple[pa.Table, pa.Table]:
    """The rows that stay, which name nothing that goes, and those that go."""
    goes = _goes(table, going)
    return _without_names(table.filter(pc.invert(goes)), going), table.filter(goes)


def _contents_of(uri: str, names: frozenset[str]) -> set[str]:
    """The contents that a file's rows of these names have."""
    found: set[str] = set()
    for batch in _batches(uri) if names else ():
        if _has(batch, _URI, _CONTENT):
            some = batch.column(_CONTENT).filter(_among(batch.column(_URI), names))
            found.update(filter(None, some.to_pylist()))
    return found


def _names_of(uri: str, contents: set[str], going: Going) -> set[Pair]:
    """Names of contents in a file: all where these go as a whole, else one that stays."""
    found = set[Pair]()
    stay = set[str]()
    for batch in _batches(uri) if contents else ():
        if not _has(batch, _URI, _CONTENT):
            continue
        some = batch.filter(_among(batch.column(_CONTENT), contents))
        if _has(some, _CHANGE):  # a name that is gone has no content any more
            some = some.filter(pc.invert(_among(some.column(_CHANGE), {Change.GONE.value})))
        columns = (some.column(name).to_pylist() for name in (_CONTENT, _URI))
        for content, name in zip(*columns, strict=True):
            if content in going.contents:
                found.add((content, name))
            elif name not in going.names and content not in stay:
                stay.add(content)
                found.add((content, name))
    return found


def _concerned(batch: pa.RecordBatch, going: Going) -> bool:
    if _any(_goes(batch, going)):
        return True
    for column, words in _mentions(going):
        if _has(batch, column) and _any(_among(batch.column(column), words)):
            return True
    return _has(batch, _NAMES) and _any(_among(pc.list_flatten(batch.column(_NAMES)), going.names))


def _goes(rows: pa.RecordBatch | pa.Table, going: Going) -> Any:
    """A mask of the rows that are about it."""
    goes = pa.array([False] * rows.num_rows, pa.bool_())
    for column, words in ((_URI, going.names), (_CONTENT, going.contents)):
        if _has(rows, column):
            goes = pc.or_(goes, _among(rows.column(column), words))
    return goes


def _without_names(table: pa.Table, going: Going) -> pa.Table:
    """Rows of other pictures that name it."""
    fields = table.schema
    for name, words in _mentions(going):
        if _has(table, name):
            column = table.column(name)
            told = pc.if_else(_among(column, words), pa.scalar(FORGOTTEN, pa.string()), column)
            place = fields.get_field_index(name)
            table = table.set_column(place, fields.field(place), told)
    if _has(table, _NAMES):
        place = fields.get_field_index(_NAMES)
        kept = [
            some and [name for name in some if name not in going.names]
            for some in table.column(_NAMES).to_pylist()
        ]
        table = table.set_column(
            place, fields.field(place), pa.array(kept, fields.field(place).type)
        )
    return table


def _mentions(going: Going) -> tuple[tuple[str, Collection[str]], ...]:
    """The columns in which rows of other pictures tell of it, and the words there."""
    contents = going.contents
    return (_LEADER, contents), (_MOVED_FROM, going.names), (_BEFORE, contents)


def _cost_of(gone: pa.Table) -> Decimal:
    if not _has(gone, "cost_usd"):
        return Decimal(0)
    return sum(gone.column("cost_usd").to_pylist(), Decimal(0))


def _member_ids(gone: pa.Table) -> frozenset[str]:
    if not _has(gone, "request_id", _CONTENT, "page"):
        return frozenset()
    columns = (gone.column(name).to_pylist() for name in ("request_id", _CONTENT, "page"))
    return frozenset(member_id(*cells) for cells in zip(*columns, strict=True))


def _batches(uri: str) -> Iterator[pa.RecordBatch]:
    """What tells whose rows they are, some thousand rows at a time."""
    try:
        with files_for(uri).open(uri) as stream:
            file = pq.ParquetFile(stream)
            columns = [name for name in _LOOKED_AT if name in file.schema_arrow.names]
            if columns:
                yield from file.iter_batches(batch_size=_ROWS_PER_BATCH, columns=columns)
    except FileNotFoundError as error:
        raise InputError(f"{uri}: is missing, though run.json lists it.") from error
    except pa.ArrowException as error:
        raise InputError(f"{uri}: cannot be read as Parquet: {error}.") from error


def _has(rows: pa.RecordBatch | pa.Table, *columns: str) -> bool:
    return set(columns) <= set(rows.schema.names)


def _among(column: Any, words: Collection[str]) -> Any:
    """A mask of the cells that are one of these words."""
    return pc.fill_null(pc.is_in(column, pa.array(sorted(words), pa.string())), False)


def _any(mask: Any) -> bool:
    return bool(pc.any(mask).as_py())


def _in_threads(function: Callable[[str], _T], uris: Sequence[str]) -> list[_T]:
    with ThreadPoolExecutor(_FILES_AT_A_TIME) as pool:
        return list(pool.map(function, uris))
