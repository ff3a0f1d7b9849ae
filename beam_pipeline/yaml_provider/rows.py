"""Beam rows of what travels through the job, and back.

Rows have plain columns for other transforms, and in `tierwise_record` the whole record, packed, by
which `AskGemini` and `WriteTables` know what rows alone do not say. Image bytes are in none.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional, Self, Union, get_args, get_origin

import apache_beam as beam
import numpy as np
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.typehints.schemas import named_fields_from_element_type

from tierwise.accounts.tables import manifest_name
from tierwise.beam_pipeline.door.ask_gemini import image_at
from tierwise.compressed import compress, decompress
from tierwise.errors import InputError
from tierwise.records import Answer, Failure, ImageFile, NamedOutcome, Scalar
from tierwise.storage.listing import Named


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

_OF_ROWS_ALONE = {"cost_nano_usd", "emulated", RECORD}

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


@dataclass(frozen=True, slots=True)
class RowsOfImages:
    """How rows tell of images: `columns` ride along, by kind, and `fields` is where each stands.

    In rows that are `listed`, `ReadImages` has named some columns otherwise, so as to hide none of
    ours: those have their own names again. In all others a column has the name that it is given.
    """

    columns: Columns
    fields: Mapping[str, str]
    listed: bool

    @classmethod
    def of(cls, rows: beam.PCollection[Any]) -> Self:
        """From the type of a collection of rows.

        Raises:
            InputError: there is no column `uri`, or one of a type that does not fit into our
                tables, or two that are one in them.
        """
        types = _types_of(rows)
        listed = RECORD in types
        ours = {name for name, _ in _FILE_FIELDS} | {RECORD} if listed else {"uri"}
        fields = {field: _kind(field, kind) for field, kind in types.items() if field not in ours}
        named = {field: _named_before(field) if listed else field for field in fields}
        _check_apart(named)
        return cls(
            columns={named[field]: kind for field, kind in fields.items()},
            fields={column: field for field, column in named.items()},
            listed=listed,
        )

    def image(self, row: Any) -> Named | ImageFile:
        """The image of a row, with the columns that the row has now."""
        columns = {column: getattr(row, field) for column, field in self.fields.items()}
        if self.listed:
            file: ImageFile = record_of(row)
            return replace(file, columns=columns)
        return image_at(row.uri, columns)


def _types_of(rows: beam.PCollection[Any]) -> dict[str, Any]:
    try:
        fields = dict(named_fields_from_element_type(rows.element_type))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the input has no columns: its elements are {rows.element_type}. Give rows, with a "
            "column uri."
        ) from error
    if "uri" not in fields:
        raise InputError(f"the input has no column uri; its columns are: {', '.join(fields)}.")
    if _kind_of(fields["uri"]) != "string":
        raise InputError(
            f"column uri is of the type {fields['uri']}; it must be text, the address of an image."
        )
    return fields


def _check_apart(named: Mapping[str, str]) -> None:
    """Refuse columns that would be one in the tables, where case is ignored."""
    seen: dict[str, str] = {}
    for field, column in named.items():
        other = seen.setdefault(column.lower(), field)
        if other != field:
            raise InputError(
                f"columns {other} and {field}: in the tables they would be one. Rename one of them."
            )


def _named_in_rows(column: str) -> str:
    """A column in our rows: as in the tables, unless that hides one that rows alone have."""
    name = manifest_name(column)
    return _PREFIX + name if name.lower() in _OF_ROWS_ALONE else name


def _named_before(field: str) -> str:
    """The column of a manifest that `ReadImages` gave this name."""
    column = field.removeprefix(_PREFIX)
    return column if _named_in_rows(column) == field else field


def _rows(fields: Sequence[tuple[str, Any]], columns: Columns) -> RowTypeConstraint:
    more = [(_named_in_rows(name), nullable(_TYPES[kind])) for name, kind in columns.items()]
    return RowTypeConstraint.from_fields([*fields, *more, (RECORD, bytes)])


def _cells(file: ImageFile, columns: Columns) -> dict[str, Scalar]:
    return {_named_in_rows(name): file.columns.get(name) for name in columns}


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


def check_records(rows: beam.PCollection[Any], transform: str, giver: str) -> None:
    """See that rows are those that one of our transforms gives.

    Raises:
        InputError: the column that has the whole record is not there.
    """
    if _types_of(rows).get(RECORD) is not bytes:
        raise InputError(
            f"{transform}: its rows have no column {RECORD}, by which it knows what rows alone do "
            f"not say. Give it the rows of {giver} as they come, or filtered; where they are "
            "mapped, keep that column."
        )


def _kind_of(kind: Any) -> str | None:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    return _KINDS.get(kind)


def _kind(name: str, kind: Any) -> str:
    found = _kind_of(kind)
    if found is None:
        raise InputError(
            f"column {name} is of the type {kind}, which does not fit into our tables: texts, "
            "integers, numbers and booleans ride along. Leave it out, or make text of it."
        )
    return found
