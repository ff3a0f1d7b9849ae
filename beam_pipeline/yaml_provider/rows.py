"""Beam rows of what travels through the job, and back.

Rows have plain columns for other transforms, and in `tierwise_record` the whole record, packed, by
which `AskGemini` and `WriteTables` know what rows alone do not say. Image bytes are in none.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union, get_args, get_origin

import apache_beam as beam
import numpy as np
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.typehints.schemas import named_fields_from_element_type

from tierwise.accounts.tables import manifest_name
from tierwise.compressed import compress, decompress
from tierwise.errors import InputError
from tierwise.records import Answer, Failure, ImageFile, NamedOutcome, Scalar
from tierwise.storage.listing import Named
from tierwise.storage.shown_names import path_of


def nullable(kind: type) -> Any:
    """A type with null; Beam's schemas do not know `X | None` in its newer spelling."""
    return Optional[kind]  # noqa: UP045


RECORD = "tierwise_record"
_PREFIX = "manifest_"
_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_KINDS: dict[Any, str] = {
    **{str: "string", bool: "boolean", np.bool_: "boolean", int: "integer", float: "number"},
    **dict.fromkeys((np.int8, np.int16, np.int32, np.int64), "integer"),
    **dict.fromkeys((np.float32, np.float64), "number"),
}
_FILE_FIELDS = [("uri", str), ("bytes", int), ("content_hash", nullable(str))]
_IMAGE_FIELDS = [("uri", str), ("page", int), ("content_hash", nullable(str))]
_ANSWER_FIELDS = [
    *[("task", str), ("answer", str), ("model", str), ("model_version", str)],
    *[("media_resolution", str), ("service_tier", str), ("images_in_request", int)],
    *[("input_tokens", int), ("output_tokens", int), ("cost_nano_usd", int)],
    *[("attempts", int), ("latency_ms", int), ("asked_at", str), ("reused", bool)],
    ("emulated", bool),
]
_FAILURE_FIELDS = [
    *[("task", str), ("reason", str), ("message", str), ("attempts", int)],
    *[("cost_nano_usd", int), ("emulated", bool)],
]

Columns = Mapping[str, str]


def file_rows(columns: Columns) -> RowTypeConstraint:
    """The type of rows of files, with a manifest's columns and their kinds."""
    return _rows(_FILE_FIELDS, columns)


def answer_rows(columns: Columns) -> RowTypeConstraint:
    """The type of rows of answers; `answer` is text, lists and structs are JSON."""
    return _rows([*_IMAGE_FIELDS, *_ANSWER_FIELDS], columns)


def failure_rows(columns: Columns) -> RowTypeConstraint:
    """The type of rows of failures."""
    return _rows([*_IMAGE_FIELDS, *_FAILURE_FIELDS], columns)


def file_row(file: ImageFile, columns: Columns) -> beam.Row:
    """The row of a file."""
    cells = {"uri": file.uri, "bytes": file.bytes, "content_hash": file.content_hash or None}
    return beam.Row(**cells, **_cells(file, columns), **{RECORD: compress(file)})


def outcome_row(named: NamedOutcome, columns: Columns, *, emulated: bool) -> beam.Row:
    """The row of an answer or a failure, of the type that belongs to it."""
    file, outcome = named.file, named.outcome
    spent = outcome.spent + outcome.wasted
    cells = {
        "uri": file.uri,
        "page": outcome.page.number,
        "content_hash": file.content_hash or None,
        "task": outcome.task,
        **(_failure_cells(outcome) if isinstance(outcome, Failure) else _answer_cells(outcome)),
        "attempts": outcome.attempts,
        "cost_nano_usd": spent.cost,
        "emulated": emulated,
    }
    fields = _FAILURE_FIELDS if isinstance(outcome, Failure) else _ANSWER_FIELDS
    ordered = {name: cells[name] for name, _ in (*_IMAGE_FIELDS, *fields)}
    return beam.Row(**ordered, **_cells(file, columns), **{RECORD: compress(named)})


def record_of(row: Any) -> Any:
    """The record that a row was made from."""
    return decompress(getattr(row, RECORD))


def columns_of(rows: beam.PCollection[Any]) -> tuple[dict[str, str], bool]:
    """The columns that ride along, by kind, and whether the rows are of files that were listed.

    Raises:
        InputError: there is no column `uri`, or one of a type that does not fit into our tables.
    """
    try:
        fields = dict(named_fields_from_element_type(rows.element_type))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the input has no columns: its elements are {rows.element_type}. Give rows, with a "
            "column uri."
        ) from error
    if "uri" not in fields:
        raise InputError(f"the input has no column uri; its columns are: {', '.join(fields)}.")
    ours = {name for name, _ in _FILE_FIELDS} | {RECORD}
    found = {name: _kind(name, kind) for name, kind in fields.items() if name not in ours}
    return {name.removeprefix(_PREFIX): kind for name, kind in found.items()}, RECORD in fields


def listed_file(row: Any, columns: Sequence[str]) -> ImageFile:
    """The file of a row that `ReadImages` made, with the columns that the row has now."""
    file: ImageFile = record_of(row)
    return ImageFile(*(_values_of(file) | {"columns": _columns(row, columns)}).values())


def named_file(row: Any, columns: Sequence[str]) -> Named:
    """The name in a row of another source; its file is not yet looked at."""
    return Named(row.uri, path_of(row.uri), _columns(row, columns))


def _values_of(file: ImageFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in ImageFile.__dataclass_fields__}


def _rows(fields: Sequence[tuple[str, Any]], columns: Columns) -> RowTypeConstraint:
    more = [(manifest_name(name), nullable(_TYPES[kind])) for name, kind in columns.items()]
    return RowTypeConstraint.from_fields([*fields, *more, (RECORD, bytes)])


def _cells(file: ImageFile, columns: Columns) -> dict[str, Scalar]:
    return {manifest_name(name): file.columns.get(name) for name in columns}


def _columns(row: Any, columns: Sequence[str]) -> dict[str, Scalar]:
    return {name: getattr(row, manifest_name(name)) for name in columns}


def _answer_cells(answer: Answer) -> dict[str, Any]:
    value = answer.value
    usage = (answer.spent + answer.wasted).usage
    return {
        "answer": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        "model": answer.model,
        "model_version": answer.model_version,
        "media_resolution": str(answer.media_resolution),
        "service_tier": str(answer.service_tier),
        "images_in_request": answer.images_in_request,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens + usage.thought_tokens,
        "latency_ms": answer.latency_ms,
        "asked_at": answer.asked_at,
        "reused": answer.reused,
    }


def _failure_cells(failure: Failure) -> dict[str, Any]:
    return {"reason": str(failure.reason), "message": failure.message}


def _kind(name: str, kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    found = _KINDS.get(kind)
    if found is None:
        raise InputError(
            f"column {name} is of the type {kind}, which does not fit into our tables: texts, "
            "integers, numbers and booleans ride along. Leave it out, or make text of it."
        )
    return found
