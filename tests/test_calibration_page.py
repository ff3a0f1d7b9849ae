"""docs/calibration.md is true: what it shows of photographs with small print comes out so.

Its page has two calibrations of them, under two headings.
"""

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
# A minute of work for a processor, which others may keep busy.
pytestmark = [pytest.mark.timeout(900), pytest.mark.prove]
ROW = re.compile(
    r"^ (?P<route>\S.*?) +(?P<usd>\d+\.\d{4}) +(?P<score>\d\.\d{3}) +(?P<interval>[\d.]+-[\d.]+)"
    r"(?: +(?P<lost>\d+/\d+))? .*?(?P<chosen>chosen)?$"
)
APART, TOGETHER = "Asking again where the answer is in doubt", "Together or apart"
LABEL = re.compile(
    r"^ (?P<label>[a-z-]+) +(?P<images>\d+) +(?P<answered>\d+) +(?P<reference>\d\.\d\d|-) "
    r"+(?P<recall>\d\.\d\d|-) +\d"
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The calibrations by heading; the second pays only for what the first has not asked."""
    if not PHOTOGRAPHS.is_dir():
        pytest.skip(f"the shared photographs are not at {PHOTOGRAPHS}")
    place = tmp_path_factory.mktemp("printed")
    manifest = make(PHOTOGRAPHS, place / "printed", PER_LABEL)
    (place / "tasks.yaml").write_text(TASKS, "utf-8")
    ours = {
        "input": manifest,
        "tasks": place / "tasks.yaml",
        "output": place / "calibrated",
        "emulator_knows": PHOTOGRAPHS,
    }
    found = {}
    for heading in (APART, TOGETHER):
        pattern = r"^tierwise (calibrate --input=printed.*)$"
        [command] = re.findall(pattern, section(heading), re.MULTILINE)
        verb, *flags = shlex.split(command)
        kept = [flag for flag in flags if flag[2:].partition("=")[0] not in ours]
        assert main([verb, *kept, *(f"--{name}={path}" for name, path in ours.items())]) == 0
        found[heading] = json.loads((place / "calibrated/calibration.json").read_text("utf-8"))
    return found


@pytest.fixture
def calibrated(both: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return both[APART]


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def shown(task: str, heading: str = APART) -> Iterator[str]:
    """The lines of a section's block about a task, until the next task."""
    title = f"{task}: {10 * PER_LABEL} labelled images (emulated)"
    blocks = re.findall(r"```\n(.*?)```", section(heading), re.DOTALL)
    [block] = [one.partition(title)[2] for one in blocks if title in one]
    yield from re.split(r"^\w+: \d+ labelled images", block, flags=re.MULTILINE)[0].splitlines()


@pytest.mark.parametrize("heading", [APART, TOGETHER])
@pytest.mark.parametrize("task", ["category", "printed"])
def test_the_figures_of_the_page_are_those_of_a_calibration(
    task: str, heading: str, both: dict[str, dict[str, Any]]
) -> None:
    calibrated = both[heading]
    choice = calibrated["tasks"][task]["choice"]
    rows = [row for line in shown(task, heading) if (row := ROW.match(line))]
    assert [row["route"] for row in rows] == [one["name"] for one in choice["routes"]]
    for row, one in zip(rows, choice["routes"], strict=True):
        figures, compared = one["figures"], one["comparison"]
        assert row["usd"] == f"{Decimal(figures['usd_per_1000_images']):.4f}"
        assert row["score"] == f"{figures['score']:.3f}"
        assert row["interval"] == f"{figures['low']:.2f}-{figures['high']:.2f}"
        assert row["lost"] == (f"{compared['lost']}/{compared['gained']}" if compared else None)
        assert bool(row["chosen"]) == (one["name"] == choice["chosen"])
    assert calibrated["tasks"][task]["why"] in "\n".join(shown(task, heading))


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
        assert row["recall"] == (f"{one['recall']:.2f}" if one["images"] else "-")


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


def test_one_look_at_medium_costs_less_than_two_apart(both: dict[str, dict[str, Any]]) -> None:
    """What the page says of the two tasks: nothing but the set is good enough for both."""
    apart, chosen = Decimal(0), Decimal(0)
    for task in both[TOGETHER]["tasks"].values():
        routes = task["choice"]["routes"]
        good = [one for one in routes if one["accepted"]]
        usd = {one["name"]: Decimal(one["figures"]["usd_per_1000_images"]) for one in good}
        apart += min(usd[one["name"]] for one in good if one["together"] is False)
        chosen += usd[task["choice"]["chosen"]]
        assert task["choice"]["chosen"] == "medium+together"
    said = re.findall(r"\$(\d\.\d{4})", section(TOGETHER))
    assert said == [f"{apart:.4f}", f"{chosen:.4f}"]


def test_the_readme_shows_a_part_of_the_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [block] = re.findall(r"```\n(printed: .*?)```", readme, re.DOTALL)
    assert block in PAGE
