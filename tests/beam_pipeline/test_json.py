"""With --json a program reads one document from standard output; people read beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks: {shade: {prompt: "How light?", labels: [dark, bright]}}
"""


@pytest.fixture
def words(photos: Callable[..., Path], tmp_path: Path) -> dict[str, str]:
    """The flags that all verbs share, for ten labelled pictures."""
    folder = photos(10)
    labels = [f"{n:03}.jpg,{('dark', 'bright')[n % 2]}" for n in range(10)]
    (folder / "labels.csv").write_text("\n".join(["uri,shade", *labels]), "utf-8")
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    return {
        "input": str(folder / "labels.csv"),
        "tasks": str(tmp_path / "tasks.yaml"),
        "output": str(tmp_path / "out"),
    }


@pytest.mark.parametrize(
    ("verb", "flags", "written", "for_people"),
    [
        ("run", [], "run.json", "shade: 10 of 10 answered"),
        (
            "calibrate",
            ["--routes=low,medium", "--margin=0.5"],
            "calibration.json",
            "labelled images",
        ),
        ("measure", ["--sample=1"], "measurement.json", "tokens per image"),
        ("optimize", [], "optimize.json", "Shrunk"),
    ],
)
def test_the_document_is_what_is_written_into_the_output(
    words: dict[str, str],
    verb: str,
    flags: list[str],
    written: str,
    for_people: str,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("input", "output") if verb == "optimize" else ("input", "tasks", "output")
    asked = [] if verb == "optimize" else [f"--gemini_endpoint={gemini.url}"]
    line = [verb, *(f"--{name}={words[name]}" for name in names), *asked, *flags, "--json"]
    assert main(line) == 0
    out, beside = capsys.readouterr()
    assert json.loads(out) == json.loads(Path(words["output"], written).read_text("utf-8"))
    assert for_people in beside


def test_the_forecast_is_a_document_too(
    words: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", f"--input={words['input']}", f"--tasks={words['tasks']}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["requests"] == 10


def test_a_run_that_asked_nothing_leaves_its_document_and_a_refused_one_none(
    words: dict[str, str], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gemini.faults({"kind": "unauthorized"})
    flags = [f"--{name}={value}" for name, value in words.items()]
    assert main(["run", *flags, f"--gemini_endpoint={gemini.url}", "--json"]) == 2
    out, beside = capsys.readouterr()
    assert json.loads(out)["status"] == "not_begun"
    assert "ENDED EARLY" in beside
    assert main(["run", *flags, "--input=nowhere/", "--json"]) == 2
    out, beside = capsys.readouterr()
    assert out == ""
    assert beside.startswith("tierwise: ")


def test_a_run_that_breaks_off_leaves_a_document_that_says_so(
    words: dict[str, str], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(words["output"])
    output.mkdir()
    (output / "answers").write_text("in the way of a folder", "utf-8")
    flags = [f"--{name}={value}" for name, value in words.items()]
    assert main(["run", *flags, f"--gemini_endpoint={gemini.url}", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "broke_off"
