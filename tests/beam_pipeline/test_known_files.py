"""Which files are new is known from their names and the journal, however small the sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

# A prompt that tells the file's name asks again under another name.
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  title: {prompt: "Suggest a title for {filename}.", text: {max_length: 40}}
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""


def planned(capsys: pytest.CaptureFixture[str], folder: Path, out: Path, *flags: str) -> Any:
    """The forecast of a second run, by a sample that misses most files."""
    capsys.readouterr()
    tasks = f"--tasks={out.parent / 'tasks.yaml'}"
    words = ["plan", f"--input={folder}", tasks, f"--output={out}", "--sample=3", "--json", *flags]
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


def test_renamed_files_are_foretold_exactly(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(24)
    out = classify(folder, tasks=TASKS).output
    assert planned(capsys, folder, out)["requests"] == 0
    for number in (4, 11):
        (folder / f"{number:03}.jpg").rename(folder / f"new {number}.jpg")
    found = planned(capsys, folder, out)
    # Only the question that tells the name is new, and each is asked alone.
    assert (found["requests"], found["files"], found["files_looked_at"]) == (2, 24, 24)
    assert {name: task["already_paid"] for name, task in found["tasks"].items()} == {
        "title": 22,
        "shade": 24,
    }
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert len(gemini.requests()) == 2
    assert float(found["low_usd"]) <= second.cost / 1e9 <= float(found["high_usd"])
    assert second.run["forecast"]["requests"] == 2


def test_run_and_plan_look_at_the_same_files(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = photos(9)
    run = classify(folder, tasks=TASKS).run["forecast"]
    capsys.readouterr()
    assert main(["plan", f"--input={folder}", f"--tasks={tmp_path / 'tasks.yaml'}", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    figures = ("requests", "files_looked_at", "cost_usd", "low_usd", "high_usd", "worst_usd")
    assert [run[name] for name in figures] == [plan[name] for name in figures]


def test_near_duplicates_are_not_foretold_and_the_interval_says_so(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = photos(9)
    out = classify(folder, tasks=TASKS).output
    plain, alike = (
        planned(capsys, folder, out.parent / "nothing", *flags)
        for flags in ([], ["--near_duplicates=4"])
    )
    assert alike["cost_usd"] == plain["cost_usd"]
    assert float(alike["low_usd"]) < 0.9 * float(plain["low_usd"])
    assert "how many pictures share the answer of one that looks like them" in alike["uncertainty"]
