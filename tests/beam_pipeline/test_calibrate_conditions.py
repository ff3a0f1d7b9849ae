"""A task with a condition is calibrated on the images that a run would ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  written: {prompt: "Is there text in it?", labels: ["yes", "no"], when: shade == "bright"}
"""
PICTURES, BRIGHT = 48, 12


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]) -> Path:
    """Pages of which a quarter is bright, and all of these have text that low cannot show."""
    place = tmp_path_factory.mktemp("labelled")
    for number in range(PICTURES):
        bright = number < BRIGHT
        (place / f"{number:02}.jpg").write_bytes(page(number, bright=bright, written=bright))
    return place


@pytest.fixture
def calibrate(gemini: Any, pages: Path, tmp_path: Path) -> Callable[..., int]:
    """Calibrates with columns that tell something of each picture by its number."""

    def run(
        columns: Mapping[str, Callable[[int], str]],
        *flags: str,
        tasks: str = TASKS,
        verb: str = "calibrate",
    ) -> int:
        lines = [",".join(["uri", *columns])]
        lines += [
            ",".join([f"{pages}/{number:02}.jpg", *(told(number) for told in columns.values())])
            for number in range(PICTURES)
        ]
        (tmp_path / "labels.csv").write_text("\n".join(lines), "utf-8")
        (tmp_path / "tasks.yaml").write_text(tasks, "utf-8")
        words = [f"--input={tmp_path}/labels.csv", f"--tasks={tmp_path}/tasks.yaml"]
        words += [f"--output={tmp_path}/{verb}", f"--gemini_endpoint={gemini.url}"]
        if verb == "calibrate":
            words += ["--routes=medium,low", "--routing=task", "--margin=0.3"]
        return main([verb, *words, *flags])

    return run


def shade(number: int) -> str:
    return "bright" if number < BRIGHT else "dark"


def written(number: int) -> str:
    return "yes" if number < BRIGHT else "no"


def calibrated(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "calibrate/calibration.json").read_text("utf-8"))
    tasks: dict[str, Any] = found["tasks"]
    return tasks


@pytest.mark.parametrize("column", ["shade", "label"])
def test_images_that_a_run_does_not_ask_say_nothing_and_are_not_asked(
    column: str,
    calibrate: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate({column: shade, "written": written}) == 0
    found = calibrated(tmp_path)["written"]
    assert found["choice"]["images"] == BRIGHT
    # Of all images low has three quarters right, of those that are asked none.
    medium, low = found["choice"]["routes"]
    assert (medium["figures"]["score"], low["figures"]["score"]) == (1, 0)
    assert found["choice"]["chosen"] == "medium"
    assert found["left_out"] == {"not_reached": PICTURES - BRIGHT}
    assert len(gemini.requests()) == 2 * PICTURES + 2 * BRIGHT
    said = capsys.readouterr().err
    assert f'written: {BRIGHT} of {PICTURES} labelled images reach it (when shade == "bright")' in (
        said
    )


def test_images_whose_gate_has_no_truth_do_not_count(
    calibrate: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def partly(number: int) -> str:
        return "" if number == 0 else "grey" if number in (1, 20) else shade(number)

    assert calibrate({"shade": partly, "written": written}) == 0
    found = calibrated(tmp_path)
    assert found["written"]["choice"]["images"] == BRIGHT - 2
    assert found["written"]["left_out"] == {
        "not_reached": PICTURES - BRIGHT - 1,
        "gate_unknown": 3,
    }
    assert found["shade"]["left_out"] == {"unknown_label": 2}
    said = capsys.readouterr().err
    assert "; 3 do not count, for the truth of shade is missing" in said


def test_a_task_whose_gate_nobody_labelled_is_never_judged_at_all_images(
    calibrate: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate({"written": written}) == 2
    said = capsys.readouterr().err
    assert (
        "task 'written': it is asked when shade == \"bright\", and no labelled image says" in said
    )
    assert "Give the manifest a column shade, or leave out written." in said
    assert gemini.requests() == []
    # Where other tasks can be calibrated, this one is left out.
    more = f"{TASKS}  other: {{prompt: How light, labels: [dark, bright]}}\n"
    assert calibrate({"written": written, "other": shade}, tasks=more) == 0
    assert list(calibrated(tmp_path)) == ["other"]
    assert "leave out written. It is not calibrated." in capsys.readouterr().err


def test_too_few_that_reach_a_task_are_told_apart(
    calibrate: Callable[..., int], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"shade": lambda number: "bright" if number < 3 else "dark", "written": written}
    assert calibrate(few) == 2
    said = capsys.readouterr().err
    assert "task 'written': 3 images have a usable label" in said
    assert f"written: 3 of {PICTURES} labelled images reach it" in said
    assert gemini.requests() == []


def test_a_signal_with_a_condition_is_asked_and_heeded_as_in_a_run(
    calibrate: Callable[..., int], gemini: Any, tmp_path: Path
) -> None:
    tasks = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  check:
    {prompt: "Is there any text?", labels: ["yes", "no"], media_resolution: medium,
     when: shade == "bright"}
  written:
    prompt: "Is there text in it?"
    labels: ["yes", "no"]
    escalate: {when: written != check, media_resolution: high}
"""
    columns = {"shade": shade, "written": written}
    assert calibrate(columns, "--routes=low", tasks=tasks) == 0
    # At low both that every picture is asked, at high one, and the signal where a run asks it.
    assert len(gemini.requests()) == 3 * PICTURES + BRIGHT
    routes = calibrated(tmp_path)["written"]["choice"]["routes"]
    (cascade,) = [route for route in routes if route["escalation"]]
    assert cascade["figures"]["score"] == 1

    # A run comes to the same bill for that task, and asks again just as often.
    document = json.loads((tmp_path / "calibrate/calibration.json").read_text("utf-8"))
    document["tasks"]["written"]["choice"]["chosen"] = cascade["name"]
    (tmp_path / "calibrate/calibration.json").write_text(json.dumps(document), "utf-8")
    flag = f"--calibration={tmp_path}/calibrate/calibration.json"
    assert calibrate(columns, flag, tasks=tasks, verb="run") == 0
    run = json.loads((tmp_path / "run/run.json").read_text("utf-8"))
    assert run["tasks"]["written"]["escalated"] == BRIGHT
    cost = sum(float(run["tasks"][name]["cost_usd"]) for name in ("written", "check"))
    assert float(cascade["figures"]["usd_per_1000_images"]) * PICTURES / 1000 == pytest.approx(
        cost, rel=1e-3
    )
