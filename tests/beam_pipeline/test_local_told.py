"""What runs say of local answers, in run.json and at their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.beam_pipeline.conftest import Classify
from tests.local_archive import fill
from tierwise.beam_pipeline.__main__ import main

SHADE = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], local: 0.05}
"""


def test_an_archive_that_is_too_small_says_why_all_was_asked(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(3), tasks=SHADE).run
    assert run["local"] == {
        "shade": {
            "differ": 0.05,
            "confidence": 0.95,
            "answered_locally": 0,
            "why_not": "the archive has about 3 pictures, and local answers begin with 1,000",
        }
    }
    assert run["tasks"]["shade"]["answers"] == 3
    assert "shade: nothing was answered locally: the archive has about 3" in capsys.readouterr().out


def test_what_is_asked_for_the_picture_of_another_is_told_with_its_dollars(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(
        SHADE + "  mood: {prompt: What mood, labels: [calm, gay]}\n"
        "  note: {prompt: Describe it., text: {max_length: 40}}\n"
    )
    plan = ["plan", f"--input={photos(2)}", f"--tasks={tasks}"]
    assert main(plan) == 0
    told = " ".join(capsys.readouterr().out.split())
    # 266 tokens of 0.25 millionths of a dollar, a thousand times
    assert (
        "warning: task 'shade' is asked, and not answered locally: the picture is sent for 'mood' "
        "anyway, which costs $0.0665 for 1,000 photographs. Give 'mood' `local` as well, or write "
        "`together: false` in it."
    ) in told
    assert main([*plan, "--local=0.05"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "tasks 'mood', 'shade' are asked" in told
    assert "'note' cannot be answered locally (it does not answer with labels)" in told


def test_plan_says_what_local_answers_leave_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(SHADE)
    words = [f"--input={fill(tmp_path / 'many', 1_000)}", f"--tasks={tasks}", "--json"]
    assert main(["plan", *words, f"--output={tmp_path / 'out'}"]) == 0
    found = json.loads(capsys.readouterr().out)
    local = found["local"]
    assert (local["learnt"], local["examined"]) == (199, 111)  # shares of 2^32 are rounded down
    parts = local["asked_in_any_case"] + local["rest"]["pictures"]
    assert parts == pytest.approx(1_000, abs=2)
    assert found["requests"] == local["in_any_case_requests"] + local["rest"]["requests"]
    assert not (tmp_path / "out").exists()


def test_plan_says_why_a_small_archive_is_asked(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(SHADE)
    assert main(["plan", f"--input={photos(2)}", f"--tasks={tasks}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "shade: nothing will be answered locally: the archive has about 2 pictures, and local "
        "answers begin with 1,000."
    ) in told
