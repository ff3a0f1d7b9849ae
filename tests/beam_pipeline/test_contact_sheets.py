"""Whole runs that send several images on one canvas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_sheet: {sheet}
  plain:
    when: shade == "dark"
    prompt: Is {{filename}} plain?
    labels: ["yes", "no"]
    media_resolution: high
    routing: {{fit_pixels: false}}
"""
IMAGES = 13


def named(finished: Any) -> dict[tuple[str, str], Any]:
    return {(Path(row["uri"]).name, row["task"]): row["answer"] for row in finished.answers()}


def test_sheets_answer_what_single_images_answer_at_a_fraction_of_the_tokens(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(IMAGES)
    single = classify(folder, tasks=TASKS.format(sheet=1), output="single")
    gemini.reset()
    sheets = classify(folder, tasks=TASKS.format(sheet=4))
    assert named(sheets) == named(single)
    assert sheets.cost == gemini.billed()
    low = [line for line in gemini.requests() if line["media_resolution"] == ["low"]]
    assert [len(line["images"]) for line in low] == [1] * 4
    rows = sheets.answers("shade")
    assert Counter(row["images_in_request"] for row in rows) == {4: 12, 1: 1}
    tokens = [sum(row["image_tokens"] for row in one.answers("shade")) for one in (single, sheets)]
    assert tokens[1] * 3 < tokens[0]
    assert {row["images_in_request"] for row in sheets.answers("plain")} == {1}
    assert {(row["sent_width"], row["sent_height"]) for row in rows} == {(64, 48)}

    paid, had = sheets.cost, named(sheets)
    again = classify(folder, tasks=TASKS.format(sheet=4))
    assert gemini.billed() == paid
    assert again.cost == 0
    assert named(again) == had


def test_under_a_cap_and_faults_sheets_cost_no_more_and_lose_nothing(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults(
        {"kind": "blocked_prompt", "rate": 0.15},
        {"kind": "wrong_items", "how": "missing", "rate": 0.2},
        {"kind": "outside_labels", "rate": 0.1},
        seed=3,
    )
    cap = Decimal("0.004")
    finished = classify(
        photos(IMAGES), f"--max_cost_usd={cap}", tasks=TASKS.format(sheet=4), status=None
    )
    assert finished.cost == gemini.billed() <= cap.scaleb(9)
    shades = [row for row in finished.asked if row[2] == "shade"]
    assert [name for name, _, _ in shades] == [f"{number:03}.jpg" for number in range(IMAGES)]
