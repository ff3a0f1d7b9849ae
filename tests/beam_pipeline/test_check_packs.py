"""Packs whose answers belong to other pictures are noticed, counted and asked again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Classify
from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright, red, green, blue]
    images_per_request: 4
"""
PACKS = 8


def run(classify: Classify, folder: Path, share: float, output: str) -> Any:
    return classify(folder, f"--check_packs={share}", tasks=TASKS, output=output)


@pytest.mark.parametrize("fault", ["shifted", "swapped"])
def test_checked_packs_find_answers_of_other_pictures(
    photos: Callable[..., Path],
    classify: Classify,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    folder = photos(4 * PACKS)
    truth = run(classify, folder, 0, "truth").values
    gemini.reset()
    gemini.faults({"kind": fault})
    unchecked = run(classify, folder, 0, "unchecked")
    assert unchecked.values != truth
    assert unchecked.run["packs"] == {"checked": 0, "mixed_up": 0, "share_mixed_up": None}
    gemini.reset()
    gemini.faults({"kind": fault})
    capsys.readouterr()
    checked = run(classify, folder, 1, "checked")
    assert checked.values == truth
    packs = checked.run["packs"]
    assert packs["share_mixed_up"] == packs["mixed_up"] / packs["checked"] == 1.0
    assert checked.run["tasks"]["shade"]["packs"] == packs
    assert checked.cost == gemini.billed()
    assert "MIXED UP: in" in capsys.readouterr().out
    gemini.reset()
    assert run(classify, folder, 1, "checked").values == truth
    assert gemini.requests() == []


def test_a_reply_that_counts_from_0_is_noticed_unchecked(
    photos: Callable[..., Path], classify: Classify, gemini: Any
) -> None:
    folder = photos(4 * PACKS)
    truth = run(classify, folder, 0, "truth").values
    gemini.reset()
    gemini.faults({"kind": "zero_based"})
    found = run(classify, folder, 0, "zero")
    assert found.values == truth
    assert found.cost == gemini.billed()


def test_a_share_is_drawn_by_the_request_and_costs_what_plan_says(
    photos: Callable[..., Path],
    classify: Classify,
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(4 * PACKS)
    costs, planned = [], []
    for share in (0, 1):
        gemini.reset()
        costs.append(run(classify, folder, share, f"out{share}").cost)
        assert costs[-1] == gemini.billed()
        capsys.readouterr()
        words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--check_packs={share}"]
        assert main(["plan", *words, "--json"]) == 0
        row = json.loads(capsys.readouterr().out)
        planned.append(round(float(row["cost_usd"]) * 10**9))
    price, forecast = costs[1] - costs[0], planned[1] - planned[0]
    assert price > 0
    assert abs(forecast - price) <= 0.25 * price
    # Under a cap packs are the same in every run, and so is what is checked.
    flags = ("--check_packs=0.5", "--max_cost_usd=1")
    halves = [classify(folder, *flags, tasks=TASKS, output=f"half{n}") for n in range(2)]
    drawn = [half.run["packs"]["checked"] for half in halves]
    assert drawn[0] == drawn[1]
    assert 0 < drawn[0] < PACKS
    assert halves[0].cost == halves[1].cost


def test_packs_on_contact_sheets_are_not_checked(
    photos: Callable[..., Path], classify: Classify
) -> None:
    sheets = TASKS + "    images_per_sheet: 4\n"
    done = classify(photos(8), "--check_packs=1", tasks=sheets)
    assert (done.run["packs"]["checked"], len(done.answers())) == (0, 8)
