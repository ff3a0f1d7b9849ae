"""A calibration takes labels of pictures that were drawn at random, where a table says how."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
"""


def calibrate(labels: Path, tmp_path: Path, gemini: Any) -> int:
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    words = [f"--input={labels}", f"--tasks={tmp_path}/tasks.yaml", "--routes=low,medium"]
    words += [f"--output={tmp_path}/calibrated", f"--gemini_endpoint={gemini.url}"]
    return main(["calibrate", *words])


def calibrated(tmp_path: Path) -> dict[str, Any]:
    found = json.loads((tmp_path / "calibrated/calibration.json").read_text("utf-8"))
    task: dict[str, Any] = found["tasks"]["shade"]
    return task


def test_rows_that_were_not_drawn_at_random_are_left_out_and_told(
    photos: Callable[..., Path], tmp_path: Path, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(20)
    rows = ["uri,shade,drawn"]
    for number in range(20):
        drawn = "random" if number < 14 else ("chosen", "")[number % 2]
        rows.append(f"{number:03}.jpg,dark,{drawn}")
    (folder / "list.csv").write_text("\n".join(rows), "utf-8")
    assert calibrate(folder / "list.csv", tmp_path, gemini) == 0
    assert calibrated(tmp_path)["choice"]["images"] == 14
    assert calibrated(tmp_path)["left_out"] == {"not_random": 6}
    said = " ".join(capsys.readouterr().err.split())
    assert "6 left out: drawn is not random, and what somebody chose proves nothing" in said

    plain = [",".join(row.split(",")[:2]) for row in rows]
    (folder / "list.csv").write_text("\n".join(plain), "utf-8")
    assert calibrate(folder / "list.csv", tmp_path, gemini) == 0
    assert calibrated(tmp_path)["choice"]["images"] == 20


def test_a_sheet_of_review_is_a_table_of_labels(
    classify: Callable[..., Any],
    photos: Callable[..., Path],
    tmp_path: Path,
    gemini: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photos(14)
    monkeypatch.chdir(tmp_path)
    output = classify(Path("photos"), tasks=TASKS).output
    assert main(["review", f"--output={output}", "--random=14"]) == 0
    path = output / "review-random.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines[:12]:
        line["answer"] = "Dark"
    lines[11]["page"] = "2"
    lines[12]["answer"], lines[12]["drawn"] = "bright", "chosen"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    capsys.readouterr()
    assert calibrate(path, tmp_path, gemini) == 0
    assert calibrated(tmp_path)["choice"]["images"] == 11
    assert calibrated(tmp_path)["left_out"] == {"not_random": 1, "several_pages": 1}
    said = " ".join(capsys.readouterr().err.split())
    assert "1 left out: labels of single pages of a file with several" in said
