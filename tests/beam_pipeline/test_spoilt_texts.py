"""Texts that are too deep, too long or without an end are refused in words, or passed over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

DEEP = "[" * 100_000
TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command says that is refused in one line."""

    def said(verb: str, **flags: str) -> str:
        words = {"output": f"{tmp_path}/out", **flags}
        assert main([verb, *(f"--{name}={value}" for name, value in words.items())]) == 2
        err = capsys.readouterr().err
        assert err.count("tierwise: ") == 1
        assert "Traceback" not in err
        return err

    return said


def test_a_run_file_of_brackets_is_replaced(
    photos: Callable[..., Path], classify: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text(DEEP)
    assert len(classify(photos(2), tasks=TASKS).answers()) == 2


def test_a_page_of_brackets_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text(DEEP)
    assert "nested too deeply" in refused("report")


@pytest.mark.parametrize("flag", ["tasks", "prices", "calibration", "emulator_faults"])
def test_a_file_without_an_end_is_refused(
    flag: str, photos: Callable[..., Path], refused: Callable[..., str]
) -> None:
    assert "not a regular file" in refused("run", input=str(photos(1)), **{flag: "/dev/zero"})


def test_a_manifest_of_brackets_is_refused(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "deep.jsonl").write_text('{"uri": "a.jpg", "x": ' + DEEP + "\n")
    said = refused("run", input=f"{tmp_path}/deep.jsonl")
    assert "line 1 is not JSON: it is nested too deeply" in said


def test_too_many_labels_are_called_so(
    tmp_path: Path, photos: Callable[..., Path], refused: Callable[..., str]
) -> None:
    labels = ", ".join(f"l{number}" for number in range(50_000))
    (tmp_path / "t.yaml").write_text(TASKS.replace("dark, bright", labels))
    said = refused("run", input=str(photos(1)), tasks=f"{tmp_path}/t.yaml")
    assert "limit is 50000" in said
    assert "write many labels as a file of their own, `labels: kinds.csv`" in said
    assert "alias" not in said
