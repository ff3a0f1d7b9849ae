"""A tree in two questions by other ways than one picture in a request: the same answers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.batch_runs import BatchRuns
from tests.conftest import EmulatedGemini

Photos = Callable[..., Path]
PICTURES = 12


def tasks_of(**keys: Any) -> str:
    """Two branches of two labels, and one label that nothing lies below."""
    more = "".join(f"    {name}: {value}\n" for name, value in keys.items())
    return f"""
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: Which colour is it?
    labels:
      - warm
      - cold
      - grey
      - {{label: red, parent: warm}}
      - {{label: yellow, parent: warm}}
      - {{label: blue, parent: cold}}
      - {{label: green, parent: cold}}
    top_down: true
{more}"""


@pytest.fixture
def alone(classify: Callable[..., Any], photos: Photos) -> dict[str, str]:
    """What is answered about each picture by itself, by name."""
    found = classify(photos(PICTURES), tasks=tasks_of(), output="alone")
    return {row["uri"]: row["answer"] for row in found.answers()}


@pytest.mark.parametrize(
    ("keys", "same"),
    [
        ({"images_per_request": 4}, True),
        # Of a picture on a sheet fewer pixels are seen.
        ({"images_per_request": 8, "images_per_sheet": 4}, False),
    ],
    ids=["packs", "sheets"],
)
def test_pictures_that_share_requests_are_asked_by_branches(
    classify: Callable[..., Any],
    photos: Photos,
    gemini: EmulatedGemini,
    alone: dict[str, str],
    keys: dict[str, Any],
    same: bool,
) -> None:
    assert {"red", "blue"} & {*alone.values()}
    gemini.reset()
    done = classify(photos(PICTURES), tasks=tasks_of(**keys))
    found = {row["uri"]: row["answer"] for row in done.answers()}
    assert found.keys() == alone.keys()
    assert {*found.values()} <= {"red", "yellow", "blue", "green", "grey"}
    if same:
        assert found == alone
    assert done.cost == gemini.billed()
    assert len(gemini.requests()) < PICTURES


def test_a_cap_keeps_both_questions_and_what_they_cost_below_it(
    classify: Callable[..., Any], photos: Photos, gemini: EmulatedGemini, alone: dict[str, str]
) -> None:
    gemini.reset()
    cap = Decimal("0.001")
    first = classify(photos(PICTURES), f"--max_cost_usd={cap}", tasks=tasks_of(), status=3)
    assert 0 < gemini.billed() <= cap.scaleb(9)
    assert first.cost == gemini.billed()
    left = [row for row in first.failures if row["reason"] == "over_budget"]
    assert len(left) + len(first.answers()) == PICTURES
    assert 0 < len(left) < PICTURES
    whole = classify(photos(PICTURES), "--max_cost_usd=1", tasks=tasks_of())
    assert {row["uri"]: row["answer"] for row in whole.answers()} == alone
    assert Decimal(whole.run["all_runs"]["cost_usd"]).scaleb(9) == gemini.billed()


def test_batch_jobs_ask_the_second_question_in_the_next_round(
    batch_runs: BatchRuns, photos: Photos
) -> None:
    standard = batch_runs.standard(photos(PICTURES), tasks=tasks_of())
    run = batch_runs.run(
        photos(PICTURES), "--service_tier=batch", "--batch_fallback=none", tasks=tasks_of()
    )
    run.check(standard)
    assert run.tiers == {"batch": PICTURES}
    assert len(run.jobs) == 2
