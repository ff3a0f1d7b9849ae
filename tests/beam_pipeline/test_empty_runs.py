"""Nothing to ask, nothing answered: valid runs with valid tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_pipeline.__main__ import main

ANSWERS = ["answers/task=shade", "answers/task=found"]


def columns(output: Path, table: str) -> list[str]:
    paths = list((output / table).glob("*.parquet"))
    assert paths, f"{table} has no file"
    return [name for path in paths for name in pq.read_schema(path).names]


def check_empty(finished: Any) -> None:
    assert finished.asked == []
    assert finished.costs == []
    assert finished.cost == 0
    assert finished.run["images"] == 0
    assert finished.run["status"] == "done"
    for table in ANSWERS:
        assert "answer" in columns(finished.output, table)
    assert "reason" in columns(finished.output, "failures")
    assert "baseline_cost_usd" in columns(finished.output, "costs")


def test_a_folder_of_other_files(tmp_path: Path, classify: Callable[..., Any], gemini: Any) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("notes.txt", "a.xmp", ".hidden.jpg"):
        (folder / name).write_text("no picture")
    finished = classify(folder)
    check_empty(finished)
    assert finished.run["skipped_files"] == 3
    assert gemini.requests() == []


def test_one_file_that_is_no_picture(
    tmp_path: Path, classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "emulator.log"
    file.write_text("no picture")
    finished = classify(file)
    assert {row["reason"] for row in finished.failures} == {"unsupported_format"}
    out, err = capsys.readouterr()
    assert err.endswith("none of 1 file can be read as an image.\n")
    assert "Forecast" not in out
    assert main(["plan", f"--input={file}"]) == 0
    assert "warning: no images: " in capsys.readouterr().out


def test_a_manifest_with_a_first_line_alone(
    tmp_path: Path, classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "list.csv"
    manifest.write_text("uri,customer\n")
    finished = classify(manifest)
    check_empty(finished)
    out, err = capsys.readouterr()
    assert err == f"warning: no images: --input={manifest}: nothing is listed.\n"
    assert "Forecast" not in out
    assert "customer" in columns(finished.output, "failures")


def test_all_failures(photos: Callable[..., Path], classify: Callable[..., Any]) -> None:
    folder = photos(0)
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8\xff" + bytes([number]))
    finished = classify(folder)
    assert finished.answers() == []
    assert len(finished.failures) == 10
    assert {row["outcome"] for row in finished.costs} == {"unreadable"}
    assert finished.cost == 0
    for table in ANSWERS:
        assert "answer" in columns(finished.output, table)


def test_names_without_files(tmp_path: Path, classify: Callable[..., Any], gemini: Any) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_text('{"uri": "gone.jpg"}\n{"uri": "no\\u0000name.jpg"}\n{"uri": "."}\n')
    finished = classify(manifest)
    assert set(finished.reasons.values()) == {"unreadable"}
    assert len(finished.failures) == 6
    assert all(row["content_hash"] is None for row in finished.failures)
    assert gemini.requests() == []


def test_tables_that_become_empty_lose_their_rows(
    photos: Callable[..., Path], tmp_path: Path, classify: Callable[..., Any]
) -> None:
    classify(photos(2))
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "notes.txt").write_text("no picture")
    check_empty(classify(folder))
