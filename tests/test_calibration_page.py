"""docs/calibration.md is true: what it shows of photographs with small print comes out so."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.calibration.small_print import make
from tierwise.beam_pipeline.__main__ import main

PHOTOGRAPHS = Path(__file__).parents[2] / "shared/data/labelled"
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/calibration.md").read_text("utf-8")
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which of these fits this picture best?
    labels: [dress, hat, longsleeve, outwear, pants, shirt, shoes, shorts, skirt, t-shirt]
  printed:
    prompt: Is there text printed on this picture?
    labels: ["yes", "no", unsure]
"""
PER_LABEL = 8
# Half a minute of work for two processors, which others may keep busy.
pytestmark = pytest.mark.timeout(900)
ROW = re.compile(
    r"^ (?P<route>\S.*?) +(?P<usd>\d+\.\d{4}) +(?P<score>\d\.\d{3}) +(?P<interval>[\d.]+-[\d.]+)"
    r"(?: +(?P<lost>\d+/\d+))? .*?(?P<chosen>chosen)?$"
)
LABEL = re.compile(
    r"^ (?P<label>[a-z-]+) +(?P<images>\d+) +(?P<answered>\d+) +(?P<recall>\d\.\d\d)"
)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not PHOTOGRAPHS.is_dir():
        pytest.skip(f"the shared photographs are not at {PHOTOGRAPHS}")
    place = tmp_path_factory.mktemp("printed")
    manifest = make(PHOTOGRAPHS, place / "printed", PER_LABEL)
    (place / "tasks.yaml").write_text(TASKS, "utf-8")
    [command] = re.findall(r"^tierwise (calibrate --input=printed.*)$", PAGE, re.MULTILINE)
    verb, *flags = shlex.split(command)
    ours = {
        "input": manifest,
        "tasks": place / "tasks.yaml",
        "output": place / "calibrated",
        "emulator_knows": PHOTOGRAPHS,
    }
    kept = [flag for flag in flags if flag[2:].partition("=")[0] not in ours]
    assert main([verb, *kept, *(f"--{name}={path}" for name, path in ours.items())]) == 0
    found: dict[str, Any] = json.loads((place / "calibrated/calibration.json").read_text("utf-8"))
    return found


def shown(task: str) -> Iterator[str]:
    """The lines of the page's block about a task with these pictures."""
    title = f"{task}: {10 * PER_LABEL} labelled images (emulated)"
    [block] = [one for one in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if title in one]
    yield from block.splitlines()


@pytest.mark.parametrize("task", ["category", "printed"])
def test_the_figures_of_the_page_are_those_of_a_calibration(
    task: str, calibrated: dict[str, Any]
) -> None:
    choice = calibrated["tasks"][task]["choice"]
    rows = [row for line in shown(task) if (row := ROW.match(line))]
    assert [row["route"] for row in rows] == [one["name"] for one in choice["routes"]]
    for row, one in zip(rows, choice["routes"], strict=True):
        figures, compared = one["figures"], one["comparison"]
        assert row["usd"] == f"{Decimal(figures['usd_per_1000_images']):.4f}"
        assert row["score"] == f"{figures['score']:.3f}"
        assert row["interval"] == f"{figures['low']:.2f}-{figures['high']:.2f}"
        assert row["lost"] == (f"{compared['lost']}/{compared['gained']}" if compared else None)
        assert bool(row["chosen"]) == (one["name"] == choice["chosen"])
    assert calibrated["tasks"][task]["why"] in "\n".join(shown(task))


def test_the_recalls_of_the_page_are_those_of_the_chosen_cascade(
    calibrated: dict[str, Any],
) -> None:
    choice = calibrated["tasks"]["printed"]["choice"]
    [chosen] = [one for one in choice["routes"] if one["name"] == choice["chosen"]]
    known = {one["label"]: one for one in chosen["figures"]["labels"]}
    rows = [row for line in shown("printed") if (row := LABEL.match(line))]
    assert {row["label"] for row in rows} == set(known)
    for row in rows:
        one = known[row["label"]]
        assert (int(row["images"]), int(row["answered"])) == (one["images"], one["answered"])
        assert row["recall"] == f"{one['recall']:.2f}"


def test_one_task_accepts_low_one_needs_high_and_a_cascade_costs_less_than_high(
    calibrated: dict[str, Any],
) -> None:
    assert calibrated["emulated"]
    assert calibrated["tasks"]["category"]["choice"]["chosen"] == "low"
    choice = calibrated["tasks"]["printed"]["choice"]
    tried = {one["name"]: one for one in choice["routes"]}
    single = [one for one in tried.values() if one["escalation"] is None]
    assert [one["name"] for one in single if one["accepted"]] == ["high"]
    cascade, high = tried[choice["chosen"]]["figures"], tried["high"]["figures"]
    assert tried[choice["chosen"]]["escalation"]["when"] == 'printed == "unsure"'
    assert cascade["score"] >= high["score"] - 0.1  # the margin of the command
    assert Decimal(cascade["usd_per_1000_images"]) < Decimal(high["usd_per_1000_images"]) * 3 / 4


def test_the_readme_shows_a_part_of_the_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [block] = re.findall(r"```\n(printed: .*?)```", readme, re.DOTALL)
    assert block in PAGE
