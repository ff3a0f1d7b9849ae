"""A manifest's own columns ride along to the tables and into prompts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  title: {prompt: "For {customer}, a title, please.", text: {max_length: 90}}
"""
MANIFESTS = {
    "csv": 'uri,stock,Width,note\n000.jpg,7,wide,"a, ""b"""\n001.jpg,,,é\n',
    "jsonl": '{"uri": "000.jpg", "stock": 7, "Width": 1.5, "note": {"a": [1]}}\n'
    '{"uri": "001.jpg", "stock": null, "Width": 2, "note": null}\n',
}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_columns_of_a_manifest_ride_along(
    ending: str, photos: Callable[..., Path], classify: Callable[..., Any]
) -> None:
    manifest = photos(2) / f"list.{ending}"
    if ending == "parquet":
        cells = {"uri": ["000.jpg", "001.jpg"], "stock": [7, None], "Width": [1.5, 2.0]}
        pq.write_table(pa.table({**cells, "note": ["x", None]}), manifest)
    else:
        manifest.write_text(MANIFESTS[ending], "utf-8")
    finished = classify(manifest)
    rows = {row["uri"]: row for row in finished.answers("shade")}
    first, second = rows["000.jpg"], rows["001.jpg"]
    assert first["stock"] == ("7" if ending == "csv" else 7)
    assert first["manifest_Width"] == ("wide" if ending == "csv" else 1.5)
    assert first["width"] == 64
    assert first["note"] == {"csv": 'a, "b"', "jsonl": '{"a": [1]}', "parquet": "x"}[ending]
    assert second["stock"] in (None, "")


def test_a_name_that_stands_twice_is_one_image(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = photos(2) / "list.csv"
    manifest.write_text("uri,customer\n000.jpg,b\n000.jpg,a\n001.jpg,c\n000.jpg,b\n")
    finished = classify(manifest, tasks=TASKS)
    assert finished.run["repeated_rows"] == 2
    assert "that name an image once more, left out: 2." in capsys.readouterr().out
    rows = [(row["uri"], row["customer"]) for row in finished.answers("title")]
    assert sorted(rows) == [("000.jpg", "a"), ("001.jpg", "c")]
    assert finished.run["images"] == 2
    assert finished.cost == gemini.billed()


def test_prompts_take_values_from_the_manifest(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    manifest = photos(2) / "list.csv"
    manifest.write_text("uri,customer\n000.jpg,a\n001.jpg,b\n")
    classify(manifest, tasks=f"together: false\n{TASKS}")
    assert len({line["prompt_sha256"] for line in gemini.requests()}) == 1 + 2


HARD = ["Total Price", "2col", "gr\u00f6\u00dfe", "_PARTITIONTIME", "sku", "\u4fa1\u683c"]
EASY = ["Total_Price", "_2col", "groesse", "column_PARTITIONTIME", "sku", "column_6"]


@pytest.mark.parametrize("flags", [[], ["--column_names=bigquery"]], ids=["as_is", "bigquery"])
def test_columns_that_bigquery_refuses_are_told_or_renamed(
    flags: list[str],
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(2)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    manifest = folder / "list.csv"
    names = ["000.jpg", "001.jpg", "broken.jpg"]
    lines = [",".join(["uri", *HARD]), *(f"{name},a,b,c,d,e,f" for name in names)]
    manifest.write_text("\n".join(lines), "utf-8")
    tasks = TASKS.replace("{customer}", "{sku}")
    done = classify(manifest, "--cost_by=Total Price", *flags, tasks=tasks, status=None)
    there = EASY if flags else HARD
    wide = pq.read_table(done.output / "wide").to_pylist()
    for row in (*done.answers("shade"), *done.failures, *wide):
        assert [row[name] for name in there] == list("abcdef")
    assert {row[there[0]] for row in done.costs} == {"a"}
    said = " ".join(capsys.readouterr().err.split())
    if flags:
        assert "'Total Price' is Total_Price, '2col' is _2col, 'gr\u00f6\u00dfe' is groesse" in said
        assert done.run["renamed_columns"]["_PARTITIONTIME"] == "column_PARTITIONTIME"
    else:
        assert "BigQuery refuses tables with the columns 'Total Price', '2col'" in said
        assert "'sku'" not in said


def test_a_wrong_row_that_only_workers_find_is_refused_before_anything_is_asked(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = photos(1) / "list.csv"
    lines = ["uri"] + ["000.jpg"] * 100_001
    lines[1200] = "ftp://host/a.jpg"
    manifest.write_text("\n".join(lines))
    classify(manifest, status=2)
    assert "list.csv: line 1201: 'ftp://host/a.jpg': this kind of" in capsys.readouterr().err
    assert not gemini.requests()
