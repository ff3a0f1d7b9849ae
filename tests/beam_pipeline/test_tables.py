"""The tables are those of the contract, and the tools that people use can read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tierwise.beam_pipeline.__main__ import main

EXAMPLES = Path(__file__).parents[2] / "examples"
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  category: {prompt: "Which category fits?", labels: [landscape, city, people]}
  moods: {prompt: "Which moods has it?", labels: [calm, gay, grave], multiple: true}
  mark:
    prompt: Is there a watermark?
    schema:
      type: object
      properties: {present: {type: boolean}, where: {type: string}, share: {type: number}}
      required: [present]
  title: {prompt: "A title, please.", text: {max_length: 90}}
"""
USD = pa.decimal128(38, 9)
TOKENS = {
    "input_tokens": pa.int64(),
    "image_tokens": pa.int64(),
    "cached_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "thought_tokens": pa.int64(),
    "drawn_tokens": pa.int64(),
}
# Wherever they stand: what shrinking did, and whose answer a near duplicate got.
OUR_OWN = {
    "route_reason": pa.string(),
    "fine_detail": pa.float64(),
    "label_form": pa.string(),
    "answered_as": pa.string(),
    "picture_uri": pa.string(),
    "local_score": pa.float64(),
    "local_model": pa.string(),
    "preview": pa.bool_(),
    "tones": pa.string(),
    "turned_by": pa.string(),
    "sent_format": pa.string(),
    "reduction_percent": pa.float64(),
    "resized": pa.bool_(),
    "fallback": pa.bool_(),
    "truncated": pa.bool_(),
    "shrink_ms": pa.float64(),
    "shared_with": pa.string(),
}
CONTRACT = {
    "uri": pa.string(),
    "page": pa.int64(),
    "content_hash": pa.string(),
    "bytes": pa.int64(),
    "width": pa.int64(),
    "height": pa.int64(),
    "format": pa.string(),
    "old_label": pa.string(),
    "customer": pa.string(),
    "answer": None,
    "model": pa.string(),
    "model_version": pa.string(),
    "media_resolution": pa.string(),
    "service_tier": pa.string(),
    "sent_width": pa.int64(),
    "sent_height": pa.int64(),
    "sent_bytes": pa.int64(),
    "images_in_request": pa.int64(),
    "asked_with": pa.list_(pa.string()),
    **TOKENS,
    "cost_usd": USD,
    "request_id": pa.string(),
    "attempts": pa.int64(),
    "latency_ms": pa.int64(),
    "asked_at": pa.timestamp("us", tz="UTC"),
    "answered_by": pa.string(),
    "service": pa.string(),
    "reused": pa.bool_(),
    "escalated": pa.bool_(),
}
FAILURES = {
    "uri": pa.string(),
    "page": pa.int64(),
    "content_hash": pa.string(),
    "task": pa.string(),
    "reason": pa.string(),
    "message": pa.string(),
    "attempts": pa.int64(),
    "cost_usd": USD,
    "old_label": pa.string(),
    "customer": pa.string(),
}
COSTS = {
    "task": pa.string(),
    "model": pa.string(),
    "media_resolution": pa.string(),
    "service_tier": pa.string(),
    "outcome": pa.string(),
    "requests": pa.int64(),
    "images": pa.int64(),
    **TOKENS,
    "cost_usd": USD,
    "baseline_cost_usd": USD,
    "saved_usd": USD,
    "maybe_billed_usd": USD,
}
OF_LABELS = ("label_id", "label_path")
VALUES = {
    "category": pa.string(),
    "moods": pa.list_(pa.string()),
    "mark": pa.struct([("present", pa.bool_()), ("where", pa.string()), ("share", pa.float64())]),
    "title": pa.string(),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, running_gemini: Any) -> Path:
    """The tables of the example archive."""
    running_gemini.reset()
    place = tmp_path_factory.mktemp("archive")
    (place / "tasks.yaml").write_text(TASKS)
    words = [f"--input={EXAMPLES}/manifest.csv", f"--tasks={place}/tasks.yaml"]
    assert main([*words, f"--output={place}/out", f"--gemini_endpoint={running_gemini.url}"]) == 0
    return place / "out"


def parts(archive: Path, table: str) -> list[Path]:
    return sorted((archive / table).glob("*.parquet"))


@pytest.mark.parametrize("task", VALUES)
def test_answers_have_the_columns_of_the_contract(archive: Path, task: str) -> None:
    """In its order; columns of our own may stand between, for people read them by their names."""
    for path in parts(archive, f"answers/task={task}"):
        schema = pq.read_schema(path)
        found = dict(zip(schema.names, schema.types, strict=True))
        of_labels = dict.fromkeys(OF_LABELS, VALUES["moods" if task == "moods" else "title"])
        assert found == {**CONTRACT, **OUR_OWN, **of_labels, "answer": VALUES[task]}
        assert [name for name in found if name in CONTRACT] == list(CONTRACT)


@pytest.mark.parametrize(("table", "columns"), [("failures", FAILURES), ("costs", COSTS)])
def test_other_tables_have_the_columns_of_the_contract(
    archive: Path, table: str, columns: dict[str, pa.DataType]
) -> None:
    for path in parts(archive, table):
        schema = pq.read_schema(path)
        found = dict(zip(schema.names, schema.types, strict=True))
        assert found == columns
        assert list(found) == list(columns)


def test_every_column_is_compressed_with_zstd(archive: Path) -> None:
    for path in archive.rglob("*.parquet"):
        metadata = pq.read_metadata(path)
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                assert metadata.row_group(group).column(column).compression == "ZSTD"


def test_cells_say_what_they_mean(archive: Path) -> None:
    rows = [
        r for p in parts(archive, "answers/task=category") for r in pq.read_table(p).to_pylist()
    ]
    by_name = {(Path(row["uri"]).name, row["page"]): row for row in rows}
    harbour = by_name["harbour at dusk.jpg", 1]
    assert harbour["old_label"] == "landscape"
    assert harbour["customer"] == "alpine-tours"
    assert harbour["bytes"] == (EXAMPLES / harbour["uri"]).stat().st_size
    assert harbour["content_hash"].startswith("sha256:")
    assert harbour["answer"] in ("landscape", "city", "people")
    assert max(harbour["sent_width"], harbour["sent_height"]) <= max(
        harbour["width"], harbour["height"]
    )
    assert isinstance(harbour["cost_usd"], Decimal)
    assert harbour["cost_usd"] > 0
    assert abs((datetime.now(UTC) - harbour["asked_at"]).total_seconds()) < 600
    assert {page for name, page in by_name if name == "fax, 3 pages.tif"} == {1, 2, 3}
    assert {row["format"] for row in rows} >= {"jpeg", "png", "webp", "tiff", "gif"}
    empty = [row for row in rows if row["customer"] == "alpine-tours" and not row["old_label"]]
    assert empty


def test_duckdb_reads_hive_partitions(archive: Path) -> None:
    with duckdb.connect() as database:
        one = database.sql(
            f"select task, answer, count(*), sum(cost_usd) "
            f"from read_parquet('{archive}/answers/task=category/*.parquet', "
            "hive_partitioning=true) group by all"
        ).fetchall()
        assert {row[0] for row in one} == {"category"}
        assert all(isinstance(row[3], Decimal) for row in one)
        [(nested,)] = database.sql(
            f"select count(*) from read_parquet('{archive}/answers/task=mark/*.parquet') "
            "where answer.present is not null"
        ).fetchall()
        [(listed,)] = database.sql(
            f"select count(*) from (select unnest(answer) from "
            f"read_parquet('{archive}/answers/task=moods/*.parquet'))"
        ).fetchall()
        assert nested == 41
        assert listed > 0


def test_pandas_reads_a_folder(archive: Path) -> None:
    frame = pd.read_parquet(archive / "answers" / "task=title")
    assert len(frame) == 41
    assert frame["answer"].map(type).eq(str).all()
    assert frame["asked_at"].dt.tz is not None
    costs = pd.read_parquet(archive / "costs")
    assert sum(costs["cost_usd"]) == Decimal(
        json.loads((archive / "run.json").read_text("utf-8"))["totals"]["cost_usd"]
    )
