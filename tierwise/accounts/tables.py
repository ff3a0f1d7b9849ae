"""The tables a run leaves: Arrow schemas, and rows from records.

Dollars are decimals with nine places, which BigQuery calls NUMERIC. The task is the name of the
folder that the answers lie in (a hive partition) and no column of the files: BigQuery refuses both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tierwise.accounts.costs import CostKey, CostTotals
from tierwise.answerer import AnsweredBy
from tierwise.records import Answer, Failure, ImageFile, Sent, Spent

USD = pa.decimal128(38, 9)
_PREFIX = "manifest_"
# What a taxonomy says of a label beside its name.
_OF_LABELS = ("label_id", "label_path")
_TOKENS = (
    *("input_tokens", "image_tokens", "cached_tokens"),
    *("output_tokens", "thought_tokens", "drawn_tokens"),
)
_PICTURE = "picture_uri"
_SCALARS = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def usd(nano: int) -> Decimal:
    """Nano-dollars as dollars, exactly.

    >>> usd(1_234_567)
    Decimal('0.001234567')
    """
    return Decimal(nano).scaleb(-9)


def reduction_percent(before: int, after: int) -> float:
    """How much smaller, in percent of before; negative when it grew.

    >>> reduction_percent(400, 100), reduction_percent(0, 0)
    (75.0, 0.0)
    """
    return round(100 * (1 - after / before), 2) if before else 0.0


def answers_schema(value: Mapping[str, Any], columns: Mapping[str, str]) -> pa.Schema:
    """Columns of one task's answers.

    Args:
        value: JSON schema of the task's answers.
        columns: the manifest's columns, each `string`, `integer`, `number` or `boolean`.
    """
    return pa.schema(
        [
            *image_fields(),
            ("bytes", pa.int64()),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("format", pa.string()),
            *manifest_fields(columns),
            ("answer", arrow_type(value)),
            ("answered_as", pa.string()),
            (_PICTURE, pa.string()),
            *((name, _of_labels(value)) for name in _OF_LABELS),
            ("model", pa.string()),
            ("model_version", pa.string()),
            ("media_resolution", pa.string()),
            ("route_reason", pa.string()),
            ("label_form", pa.string()),
            ("fine_detail", pa.float64()),
            ("service_tier", pa.string()),
            ("sent_width", pa.int64()),
            ("sent_height", pa.int64()),
            ("sent_bytes", pa.int64()),
            ("sent_format", pa.string()),
            ("reduction_percent", pa.float64()),
            ("resized", pa.bool_()),
            ("fallback", pa.bool_()),
            ("truncated", pa.bool_()),
            ("preview", pa.bool_()),
            ("tones", pa.string()),
            ("turned_by", pa.string()),
            ("shrink_ms", pa.float64()),
            ("images_in_request", pa.int64()),
            ("asked_with", pa.list_(pa.string())),
            *((name, pa.int64()) for name in _TOKENS),
            ("cost_usd", USD),
            ("request_id", pa.string()),
            ("attempts", pa.int64()),
            ("latency_ms", pa.int64()),
            ("asked_at", pa.timestamp("us", tz="UTC")),
            ("answered_by", pa.string()),
            ("local_score", pa.float64()),
            ("local_model", pa.string()),
            ("service", pa.string()),
            ("reused", pa.bool_()),
            ("escalated", pa.bool_()),
            ("shared_with", pa.string()),
        ]
    )


def answer_row(file: ImageFile, answer: Answer, more: Mapping[str, Any] = {}) -> dict[str, Any]:
    """One row of `answers`, for one name of the content that was asked.

    `more` are the cells that its kind of answer adds (`AnswerType.cells`).
    """
    spent, human = answer.paid, answer.answered_by is AnsweredBy.HUMAN
    return {
        **image_cells(file, answer),
        "bytes": file.bytes,
        # Of a picture that only looks like another, nothing but its hash was looked at. One that
        # was sent by reference was never opened.
        "width": None if file.leader else answer.page.width or None,
        "height": None if file.leader else answer.page.height or None,
        "format": None if file.leader else answer.page.format,
        **manifest_cells(file),
        "answer": answer.value,
        "answered_as": answer.answered_as or None,
        _PICTURE: more.get(_PICTURE),
        **{name: more.get(name) for name in _OF_LABELS},
        "model": None if human else answer.model,
        "model_version": None if human else answer.model_version,
        "media_resolution": None if human else str(answer.media_resolution),
        "route_reason": answer.route_reason,
        "label_form": answer.label_form or None,
        "fine_detail": answer.page.detail,
        "service_tier": None if human else str(answer.service_tier),
        **_sent_cells(file, answer.sent),
        "images_in_request": answer.images_in_request,
        "asked_with": list(answer.asked_with),
        **_token_cells(spent),
        "cost_usd": usd(spent.cost),
        "request_id": answer.request_id or None,
        "attempts": answer.attempts,
        "latency_ms": answer.latency_ms,
        "asked_at": datetime.fromisoformat(answer.asked_at),
        "answered_by": str(answer.answered_by),
        "local_score": answer.local_score,
        "local_model": answer.local_model or None,
        "service": str(answer.service) if answer.service else None,
        # Its first ask may have been paid in this run, where the last was known.
        "reused": answer.reused and spent == Spent(),
        "escalated": answer.escalated,
        "shared_with": file.leader or None,
    }


def failures_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Columns of `failures`, all tasks in one table."""
    return pa.schema(
        [
            *image_fields(),
            ("task", pa.string()),
            ("reason", pa.string()),
            ("message", pa.string()),
            ("attempts", pa.int64()),
            ("cost_usd", USD),
            *manifest_fields(columns),
        ]
    )


def failure_row(file: ImageFile, failure: Failure) -> dict[str, Any]:
    """One row of `failures`, for one name of the content that failed."""
    return {
        **image_cells(file, failure),
        "task": failure.task,
        "reason": str(failure.reason),
        "message": failure.message,
        "attempts": failure.attempts,
        "cost_usd": usd(failure.paid.cost),
        **manifest_cells(file),
    }


def costs_schema(column: str = "") -> pa.Schema:
    """Columns of `costs`; `column` is the manifest's that they are told apart by, if any."""
    return pa.schema(
        [
            *([(charged_name(column), pa.string())] if column else []),
            ("task", pa.string()),
            ("model", pa.string()),
            ("media_resolution", pa.string()),
            ("service_tier", pa.string()),
            ("outcome", pa.string()),
            ("requests", pa.int64()),
            ("images", pa.int64()),
            *((name, pa.int64()) for name in _TOKENS),
            ("cost_usd", USD),
            ("baseline_cost_usd", USD),
            ("saved_usd", USD),
            ("maybe_billed_usd", USD),
        ]
    )


def cost_row(key: CostKey, totals: CostTotals, column: str = "") -> dict[str, Any]:
    """One row of `costs`; `column` is the manifest's that costs are told apart by, if any."""
    return {
        **({charged_name(column): key.charged_to or None} if column else {}),
        "task": key.task,
        "model": key.model,
        "media_resolution": str(key.media_resolution),
        "service_tier": str(key.service_tier),
        "outcome": key.outcome,
        "requests": totals.spent.requests,
        "images": totals.images,
        **_token_cells(totals.spent),
        "cost_usd": usd(totals.spent.cost),
        "baseline_cost_usd": usd(totals.baseline),
        "saved_usd": usd(totals.baseline - totals.spent.cost),
        "maybe_billed_usd": usd(totals.spent.maybe_billed),
    }


def arrow_type(schema: Mapping[str, Any]) -> pa.DataType:
    """The Arrow type of values that a JSON schema describes: scalars, lists, structs."""
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = next(name for name in kind if name != "null")
    if kind == "array":
        return pa.list_(arrow_type(schema.get("items", {})))
    if kind == "object":
        return pa.struct(
            [(name, arrow_type(below)) for name, below in schema.get("properties", {}).items()]
        )
    return _SCALARS[kind]


def _of_labels(value: Mapping[str, Any]) -> pa.DataType:
    """A text for one label, and a list of them for several."""
    return pa.list_(pa.string()) if value.get("type") == "array" else pa.string()


def manifest_cells(file: ImageFile) -> dict[str, Any]:
    """The manifest's own columns under the names they have in our tables."""
    return {manifest_name(name): value for name, value in file.columns.items()}


def manifest_name(column: str) -> str:
    """A manifest's column in our tables; one that would hide ours gets a prefix.

    So does one that has the prefix already, lest two columns end with one name. Case is ignored,
    as BigQuery and DuckDB do.

    >>> manifest_name("customer"), manifest_name("width"), manifest_name("manifest_width")
    ('customer', 'manifest_width', 'manifest_manifest_width')
    """
    plain = column.lower()
    ours = plain in _OUR_NAMES or plain.startswith(_PREFIX)
    return _PREFIX + column if ours else column


def charged_name(column: str) -> str:
    """The manifest's column in `costs`: as in the other tables, unless that hides one of `costs`.

    >>> charged_name("customer"), charged_name("images")
    ('customer', 'manifest_images')
    """
    name = manifest_name(column)
    return _PREFIX + name if name.lower() in costs_schema().names else name


def image_fields() -> list[tuple[str, pa.DataType]]:
    """What every table says of a picture."""
    return [("uri", pa.string()), ("page", pa.int64()), ("content_hash", pa.string())]


def image_cells(file: ImageFile, outcome: Answer | Failure) -> dict[str, Any]:
    """The cells of `image_fields`."""
    return {
        "uri": file.uri,
        "page": outcome.page.number,
        "content_hash": file.content_hash or None,
    }


def manifest_fields(columns: Mapping[str, str]) -> list[tuple[str, pa.DataType]]:
    """The manifest's own columns as Arrow fields."""
    return [(manifest_name(name), scalar_type(kind)) for name, kind in columns.items()]


def scalar_type(kind: str) -> pa.DataType:
    """The Arrow type of a manifest's column of this kind."""
    return _SCALARS[kind]


def _sent_cells(file: ImageFile, sent: Sent) -> dict[str, Any]:
    """What went over the wire; all null where no picture did, for a task may read text alone."""
    cells = {
        "sent_width": sent.width,
        "sent_height": sent.height,
        "sent_bytes": sent.bytes,
        "sent_format": sent.format or None,
        "reduction_percent": reduction_percent(file.bytes, sent.bytes),
        "resized": sent.resized,
        "fallback": sent.fallback,
        "truncated": sent.truncated,
        "preview": sent.preview,
        "tones": sent.tones or None,
        "turned_by": sent.turned_by or None,
        "shrink_ms": sent.milliseconds,
    }
    return cells if sent.bytes else dict.fromkeys(cells)


def _token_cells(spent: Spent) -> dict[str, int]:
    return {name: getattr(spent.usage, name) for name in _TOKENS}


_OUR_NAMES = {
    "task",
    *answers_schema({}, {}).names,
    *failures_schema({}).names,
}
