"""Rows fit their schemas, survive Parquet, and hold dollars exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.accounts.costs import CostKey, CostTotals
from tierwise.accounts.tables import (
    answer_row,
    answers_schema,
    arrow_type,
    cost_row,
    costs_schema,
    failure_row,
    failures_schema,
    manifest_name,
    usd,
)
from tierwise.records import (
    Answer,
    Failure,
    ImageFile,
    MediaResolution,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)

COLUMNS = {"customer": "string", "width": "integer", "score": "number", "new": "boolean"}
FILE = ImageFile(
    "a b.jpg",
    "in/a b.jpg",
    9,
    "sha256:00",
    {"customer": "x", "width": 7, "score": 0.5, "new": True},
)


def through_parquet(rows: list[dict[str, Any]], schema: pa.Schema, folder: Path) -> Any:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "t.parquet")
    return pq.read_table(folder / "t.parquet").to_pylist()


@pytest.mark.parametrize(
    ("value_schema", "value", "read_back"),
    [
        ({"type": "string"}, "city", "city"),
        ({"type": "array", "items": {"type": "string"}}, ("a", "b"), ["a", "b"]),
        ({"type": "array", "items": {"type": "string"}}, (), []),
        (
            {
                "type": "object",
                "properties": {"present": {"type": "boolean"}, "where": {"type": "string"}},
            },
            {"present": True},
            {"present": True, "where": None},
        ),
    ],
)
def test_an_answer_row(
    tmp_path: Path,
    answer: Callable[..., Answer],
    value_schema: dict[str, Any],
    value: Any,
    read_back: Any,
) -> None:
    made = answer(value=value, wasted=Spent(Usage(1, 1, 1, 1, 1), 500, 1))
    row = answer_row(FILE, made)
    schema = answers_schema(value_schema, COLUMNS)
    assert set(row) == set(schema.names)
    (found,) = through_parquet([row], schema, tmp_path)
    assert found["answer"] == read_back
    assert found["cost_usd"] == Decimal("0.000082000")
    assert (found["input_tokens"], found["thought_tokens"]) == (301, 2)
    assert found["asked_at"] == datetime(2026, 11, 20, 12, 0, 0, 123456, UTC)
    assert (found["width"], found["manifest_width"], found["customer"]) == (640, 7, "x")
    assert (found["sent_width"], found["images_in_request"], found["page"]) == (320, 2, 1)


def test_what_was_paid_for_in_part_is_not_called_reused(answer: Callable[..., Answer]) -> None:
    """A second ask that an earlier run had made, behind a first that this one paid for."""
    known = answer(value="x", spent=Spent(), wasted=Spent(), reused=True)
    assert answer_row(FILE, known)["reused"]
    behind = answer_row(FILE, replace(known, first=answer(value="y")))
    assert behind["cost_usd"] > 0
    assert not behind["reused"]


def test_where_no_picture_was_sent_nothing_is_said_of_one(
    tmp_path: Path, answer: Callable[..., Answer]
) -> None:
    row = answer_row(FILE, answer(sent=Sent(), value="x"))
    schema = answers_schema({"type": "string"}, COLUMNS)
    assert set(row) == set(schema.names)
    (found,) = through_parquet([row], schema, tmp_path)
    assert {name for name, value in found.items() if value is None} == {
        *("sent_width", "sent_height", "sent_bytes", "sent_format", "reduction_percent"),
        *("resized", "fallback", "truncated", "preview", "tones", "turned_by", "shrink_ms"),
        *("label_form", "label_id", "label_path", "answered_as", "picture_uri"),
        *("shared_with", "fine_detail", "service", "local_score", "local_model"),
    }


def test_a_failure_row(tmp_path: Path, failure: Callable[..., Failure]) -> None:
    row = failure_row(FILE, failure(wasted=Spent(cost=1)))
    schema = failures_schema(COLUMNS)
    assert set(row) == set(schema.names)
    (found,) = through_parquet([row], schema, tmp_path)
    assert found["reason"] == "blocked_answer"
    assert found["cost_usd"] == Decimal("0.000081501")
    unread = ImageFile("x", "x", 0, "", {})
    assert failure_row(unread, failure())["content_hash"] is None


def test_a_cost_row(tmp_path: Path) -> None:
    key = CostKey("t", "m", MediaResolution.LOW, ServiceTier.FLEX, "answered")
    totals = CostTotals(Spent(Usage(1, 2, 3, 4, 5), 6, 7, 8), 9, 10)
    schema = costs_schema()
    row = cost_row(key, totals)
    assert list(row) == schema.names
    (found,) = through_parquet([row], schema, tmp_path)
    assert (found["requests"], found["images"], found["thought_tokens"]) == (7, 9, 5)
    dollars = [found[n] for n in ("cost_usd", "baseline_cost_usd", "saved_usd", "maybe_billed_usd")]
    assert dollars == [Decimal(n).scaleb(-9) for n in (6, 10, 4, 8)]


def test_the_columns_that_people_rely_on() -> None:
    columns = (
        "uri page content_hash bytes width height format answer model model_version"
        " media_resolution service_tier sent_width sent_height sent_bytes images_in_request"
        " input_tokens image_tokens cached_tokens output_tokens thought_tokens cost_usd request_id"
        " attempts latency_ms asked_at reused escalated"
    )
    names = answers_schema({}, {}).names
    assert [name for name in names if name in columns.split()] == columns.split()
    failed = "uri page content_hash task reason message attempts cost_usd"
    assert failures_schema({}).names == failed.split()


def test_empty_tables_are_valid(tmp_path: Path) -> None:
    for schema in (
        answers_schema({"type": "string"}, COLUMNS),
        failures_schema({}),
        costs_schema(),
    ):
        assert through_parquet([], schema, tmp_path) == []
        assert pq.read_schema(tmp_path / "t.parquet").equals(schema)


@given(st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=20))
def test_dollars_are_exact(nanos: list[int]) -> None:
    column = pa.array(list(map(usd, nanos)), pa.decimal128(38, 9))
    assert sum(column.to_pylist()) == usd(sum(nanos))
    assert [int(value.scaleb(9)) for value in column.to_pylist()] == nanos


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, pa.int64()),
        ({"type": "number"}, pa.float64()),
        ({"type": ["null", "boolean"]}, pa.bool_()),
        ({"type": "array", "items": {"type": "integer"}}, pa.list_(pa.int64())),
        (
            {
                "type": "object",
                "properties": {
                    "a": {"type": "array", "items": {"type": "object", "properties": {"b": {}}}}
                },
            },
            pa.struct([("a", pa.list_(pa.struct([("b", pa.string())])))]),
        ),
    ],
)
def test_types_of_json_schemas(schema: dict[str, Any], kind: pa.DataType) -> None:
    assert arrow_type(schema) == kind


NAMES = st.sampled_from([*answers_schema({}, {}).names, "task", "reason", "Width"]) | st.text()


@given(st.lists(NAMES | NAMES.map("manifest_{}".format), unique=True, max_size=6))
def test_manifest_columns_hide_nothing_and_keep_apart(columns: list[str]) -> None:
    renamed = list(map(manifest_name, columns))
    assert len(set(renamed)) == len(columns)
    ours = {*answers_schema({}, {}).names, *failures_schema({}).names, "task"}
    assert not ours & {name.lower() for name in renamed}
