"""What `plan` says of pictures that are to be drawn: lanes, exceptions, and what has no bound."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

BANANA, LITE = "gemini-nano-banana-2.1", "gemini-3.1-flash-lite-image"
PRO, OLD = "gemini-3-pro-image", "gemini-2.5-flash-image"
TASKS = f"""
model: {BANANA}
tasks:
  hero: {{prompt: On white., picture: {{size: 1K, aspect_ratio: "1:1"}}}}
  poster: {{prompt: A poster., picture: {{size: 4K, why: the wall of the hall}}}}
"""


@pytest.fixture
def plan(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    def planned(*flags: str, tasks: str = TASKS) -> Any:
        (tmp_path / "tasks.yaml").write_text(tasks)
        given = [] if any(flag.startswith("--input") for flag in flags) else [photos(4)]
        words = [*(f"--input={folder}" for folder in given), f"--tasks={tmp_path}/tasks.yaml"]
        assert main(["plan", *words, "--prices_on=2026-12-01", *flags]) == 0
        said = capsys.readouterr().out
        return json.loads(said) if "--json" in flags else said

    return planned


def test_lanes_are_ranked_by_the_price_of_a_picture(plan: Callable[..., Any]) -> None:
    lanes = [one for one in plan("--compare", "--json")["lanes"] if one["task"] == "hero"]
    prices = [Decimal(one["usd_each"]) for one in lanes if one["size"] == "1K"]
    assert prices == sorted(prices)
    found = {(one["size"], one["model"], one["service_tier"]): one for one in lanes}
    assert {size for size, model, _ in found if model == LITE} == {"1K"}
    assert {size for size, model, _ in found if model == BANANA} == {"1K", "2K", "4K"}
    assert found["1K", BANANA, "standard"]["as_asked"]
    # The picture alone is $0.0336; its prompt and what it is drawn by come on top.
    assert 0.0336 < float(found["1K", BANANA, "standard"]["usd_each"]) < 0.0356
    assert 0.0168 < float(found["1K", LITE, "batch"]["usd_each"]) < 0.0172
    assert found["1K", BANANA, "batch"]["cannot"] == ["no 512"]
    assert "no control of thinking" in found["1K", PRO, "standard"]["cannot"]
    assert "no 512, 2K, 4K" in found["1K", OLD, "standard"]["cannot"]


def test_lanes_that_have_ended_or_end_soon_say_so(plan: Callable[..., Any]) -> None:
    today = plan("--compare", "--json")
    over = {one["model"]: one for one in today["lanes_over"]}
    assert over["gemini-3.1-flash-image-preview"]["since"] == "2026-06-25"
    assert over["gemini-3.1-flash-image-preview"]["then"] == [BANANA]
    assert "gemini-3.1-flash-image" in over
    assert not any(one["ends_soon"] for one in today["lanes"])
    later = plan("--compare", "--json", "--prices_on=2027-02-01")
    [ends] = {one["ends"] for one in later["lanes"] if one["model"] == OLD}
    assert ends == "ends 2027-03-15, in 42 days"


def test_vertex_ai_has_other_lanes(plan: Callable[..., Any]) -> None:
    flags = ("--gemini=vertex", "--gemini_project=p", "--compare", "--json")
    lanes = plan(*flags, tasks=TASKS.partition("  poster")[0])["lanes"]
    assert {one["size"] for one in lanes if one["service_tier"] == "batch"} == {"1K"}
    assert "512" in {one["size"] for one in lanes}  # 3.1-flash-image lives there
    banana = next(one for one in lanes if one["model"] == BANANA)
    assert "in batch 1K alone" in banana["cannot"]


def test_people_read_lanes_and_what_they_cannot(plan: Callable[..., Any]) -> None:
    said = plan("--compare")
    assert "Flex is no lane" in said
    assert f"{PRO}: no 512; no control of thinking." in said
    assert (
        "gemini-3.1-flash-image-preview ended on 2026-06-25; then: gemini-nano-banana-2.1." in said
    )


def test_sizes_of_a_column_are_counted_as_they_stand(
    plan: Callable[..., Any], photos: Callable[..., Path], tmp_path: Path
) -> None:
    cells = ["1K", "2K", "", "4K"]
    rows = zip(sorted(photos(4).iterdir()), cells, strict=True)
    manifest = tmp_path / "list.csv"
    manifest.write_text("\n".join(["uri,size", *(f"{uri},{cell}" for uri, cell in rows)]))
    tasks = TASKS.partition("  poster")[0].replace("size: 1K", "why: a wall, size: {column: size}")
    row = plan(f"--input={manifest}", "--json", tasks=tasks)
    assert row["tasks"]["hero"]["drawn_tokens"] == 1120 + 1680 + 1120 + 3780
    assert "hero: some pictures of 4K, because: a wall." in row["drawing"]


def test_a_plan_tells_exceptions_and_what_has_no_bound(plan: Callable[..., Any]) -> None:
    said = plan()
    assert "poster: pictures of 4K, because: the wall of the hall." in said
    assert "hero: the worst case counts one picture (1,120 tokens) and 512 tokens of words" in said
    assert "each one more costs $0.0336 again" in said
    row = plan("--json")
    assert row["tasks"]["hero"]["drawn_tokens"] == 4 * 1120
    assert row["tasks"]["poster"]["drawn_tokens"] == 4 * 3780
    hero, poster = (Decimal(row["tasks"][name]["cost_usd"]) for name in ("hero", "poster"))
    assert 4 * Decimal("0.0336") < hero < 4 * Decimal("0.0356")
    assert 4 * Decimal("0.1134") < poster < 4 * Decimal("0.1154")
    assert Decimal(row["worst_usd"]) > hero + poster
