"""What a later run asks again, and what it leaves alone because the same would come of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tierwise.beam_pipeline.__main__ import main

LABELS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""
TEXT = """
model: gemini-3.1-flash-lite
tasks:
  name:
    prompt: Suggest a name.
    text: {{max_length: 60}}
    max_output_tokens: {limit}
"""
FRAMES = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    image: {{frames: {frames}}}
"""


@pytest.mark.parametrize("kind", ["outside_labels", "blocked_answer"])
def test_a_final_failure_is_asked_again_where_its_reason_is_named(
    kind: str, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    gemini.faults({"kind": kind})
    first = classify(folder, tasks=LABELS, status=None)
    (reason,) = {row["reason"] for row in first.failures}
    gemini.reset()
    assert classify(folder, tasks=LABELS, status=None).failures
    assert classify(folder, "--ask_again=unreadable", tasks=LABELS, status=None).failures
    assert gemini.requests() == []
    again = classify(folder, f"--ask_again=unreadable, {reason}", tasks=LABELS)
    assert (len(gemini.requests()), again.failures) == (3, [])
    gemini.reset()
    classify(folder, f"--ask_again={reason}", tasks=LABELS)
    assert gemini.requests() == []


def test_a_reply_that_says_nothing_of_its_tokens_counts_at_its_worst_case(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    gemini.faults({"kind": "no_usage"})
    finished = classify(folder, "--max_cost_usd=1", tasks=LABELS)
    maybe = Decimal(finished.run["totals"]["maybe_billed_usd"])
    assert Decimal(gemini.billed()).scaleb(-9) < maybe < Decimal("0.01")
    assert finished.cost == 0
    assert Decimal(finished.run["cap"]["spent_usd"]) == maybe
    gemini.reset()
    again = classify(folder, f"--max_cost_usd={maybe}", tasks=LABELS)
    assert Decimal(again.run["cap"]["spent_before_usd"]) == maybe
    assert again.run["cap"]["left_usd"] == "0.000000000"


def test_a_reason_that_is_none_is_refused(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={photos(1)}", f"--output={tmp_path}/out"]
    assert main(["run", *words, "--ask_again=invalid_answers"]) == 2
    assert "'invalid_answers'" in capsys.readouterr().err


def test_what_was_cut_off_is_left_alone_until_its_limit_is_raised(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(2)
    gemini.faults({"kind": "max_tokens"})
    first = classify(folder, tasks=TEXT.format(limit=40), status=None)
    assert {row["reason"] for row in first.failures} == {"truncated"}
    assert len(gemini.requests()) == 4  # each at the limit, and at four times as much
    gemini.reset()
    second = classify(folder, tasks=TEXT.format(limit=40), status=None)
    assert (gemini.requests(), second.cost, len(second.failures)) == ([], 0, 2)
    gemini.faults({"kind": "max_tokens"})
    raised = classify(folder, "--max_cost_usd=1", tasks=TEXT.format(limit=50), status=None)
    assert len(gemini.requests()) == 2  # at four times the new limit at once
    assert raised.cost == gemini.billed()
    gemini.reset()
    last = classify(folder, "--ask_again=truncated", tasks=TEXT.format(limit=50))
    assert (len(gemini.requests()), last.failures) == (2, [])


@pytest.mark.parametrize(("before", "after"), [("first", 4), (4, "first"), (4, 2), (2, "middle")])
def test_other_frames_of_an_animation_are_other_images(
    before: Any, after: Any, classify: Callable[..., Any], tmp_path: Path, gemini: Any
) -> None:
    folder = tmp_path / "moving"
    folder.mkdir()
    for number in range(3):
        shades = [Image.new("RGB", (64, 48), (40 * n, 80 * number, 99)) for n in range(6)]
        kind = ("gif", "webp", "png")[number]
        path = folder / f"{number}.{kind}"
        shades[0].save(path, save_all=True, append_images=shades[1:], duration=99)
    Image.new("RGB", (64, 48), "red").save(folder / "still.jpg")
    images = {"first": 1, "middle": 1}
    for frames in (before, after, before):
        gemini.reset()
        finished = classify(folder, tasks=FRAMES.format(frames=frames))
        each = images.get(frames, frames)
        assert len(finished.answers()) == 3 * each + 1
        assert {row["page"] for row in finished.answers()} == set(range(1, each + 1))
    assert gemini.requests() == []
