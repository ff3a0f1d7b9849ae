"""Calibrations that find out where asking again pays, and runs that do so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

# In packs, so that no rule about single pictures stands between these routes and the reference.
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  written:
    {{prompt: "Any text in it?", labels: ["yes", "no", unsure], images_per_request: 2{more}}}
  check: {{prompt: "Is there any text?", labels: ["yes", "no"], media_resolution: medium}}
"""
PICTURES, WRITTEN = 36, 12


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]) -> Path:
    """A manifest of pages of which every third has text that cannot be read at low."""
    place = tmp_path_factory.mktemp("labelled")
    lines = ["uri,written"]
    for number in range(PICTURES):
        written = number % 3 == 0
        name = f"{number:02}.jpg"
        (place / name).write_bytes(page(number, bright=True, written=written))
        lines.append(f"{name},{'yes' if written else 'no'}")
    (place / "labels.csv").write_text("\n".join(lines), "utf-8")
    return place


@pytest.fixture
def tierwise(gemini: Any, labelled: Path, tmp_path: Path) -> Callable[..., int]:
    """Runs a verb with these tasks."""

    def run(verb: str, source: str, *flags: str, more: str = "", output: str = "") -> int:
        (tmp_path / "tasks.yaml").write_text(TASKS.format(more=more), "utf-8")
        words = [f"--input={labelled / source}", f"--output={tmp_path / (output or verb)}"]
        words += [f"--tasks={tmp_path}/tasks.yaml", f"--gemini_endpoint={gemini.url}"]
        return main([verb, *words, *flags])

    return run


TRY = ("--routes=medium", "--margin=0.3")


def choice(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "calibrate/calibration.json").read_text("utf-8"))
    task: dict[str, Any] = found["tasks"]["written"]["choice"]
    return task


def cascades_of(found: dict[str, Any]) -> list[str]:
    return [route["name"] for route in found["routes"] if route["escalation"]]


def test_a_cascade_is_found_and_a_run_asks_again_where_it_says(
    tierwise: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tierwise("calibrate", "labels.csv", *TRY, "--doubt=unsure") == 0
    found = choice(tmp_path)
    tried = {route["name"]: route for route in found["routes"]}
    assert cascades_of(found) == ["low-x2>medium if unsure"]
    assert found["chosen"] == "low-x2>medium if unsure"
    assert not tried["low-x2"]["accepted"]
    cascade, medium = tried[found["chosen"]]["figures"], tried["medium"]["figures"]
    assert cascade["score"] == medium["score"] == 1
    assert float(cascade["usd_per_1000_images"]) < float(medium["usd_per_1000_images"])
    assert len(gemini.requests()) == PICTURES + PICTURES / 2  # to judge it, nothing more was asked
    printed = capsys.readouterr().out
    assert "Without the calibration file, the same is had by these keys of the task" in printed
    rule = r'  escalate: {when: "written == \"unsure\"", media_resolution: medium, '
    assert rule in printed

    # The run asks again exactly where the calibration would have.
    calibration = f"--calibration={tmp_path}/calibrate/calibration.json"
    assert tierwise("run", "labels.csv", calibration) == 0
    run = json.loads((tmp_path / "run/run.json").read_text("utf-8"))
    assert run["tasks"]["written"]["escalated"] == WRITTEN
    assert run["evaluation"]["written"]["score"] == 1

    # A calibration that chose a single route takes an escalation of the tasks file away.
    assert tierwise("calibrate", "labels.csv", "--routes=medium", "--margin=0.3") == 0
    assert choice(tmp_path)["chosen"] == "medium"
    again = ', escalate: {when: written == "unsure", media_resolution: high}'
    assert tierwise("run", "labels.csv", calibration, more=again, output="plain") == 0
    run = json.loads((tmp_path / "plain/run.json").read_text("utf-8"))
    assert run["tasks"]["written"]["escalated"] == 0


def test_a_signal_is_asked_of_every_image_and_belongs_to_what_was_calibrated(
    tierwise: Callable[..., int],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = ', escalate: {when: "written != check", media_resolution: high}'
    assert tierwise("calibrate", "labels.csv", *TRY, more=again) == 0
    found = choice(tmp_path)
    tried = {route["name"]: route for route in found["routes"]}
    assert cascades_of(found) == ["medium>high-x2 if in doubt", "low-x2>high-x2 if in doubt"]
    assert {"high-x2", "medium", "low-x2"} <= set(tried)  # that of the rule is tried by itself, too
    assert len(gemini.requests()) == 3 * PICTURES
    cascade = tried["low-x2>high-x2 if in doubt"]
    assert cascade["figures"]["score"] == 1
    assert set(cascade["escalation"]["signals"]) == {"check"}
    costs = {name: float(one["figures"]["usd_per_1000_images"]) for name, one in tried.items()}
    assert (
        costs["low-x2>high-x2 if in doubt"] > costs["low-x2"] + costs["medium"]
    )  # the signal is paid

    # A run that uses the cascade is refused when the signal asks something else.
    file = tmp_path / "calibrate/calibration.json"
    document = json.loads(file.read_text("utf-8"))
    document["tasks"]["written"]["choice"]["chosen"] = "low-x2>high-x2 if in doubt"
    file.write_text(json.dumps(document), "utf-8")
    assert tierwise("run", "labels.csv", f"--calibration={file}") == 0
    run = json.loads((tmp_path / "run/run.json").read_text("utf-8"))
    assert run["tasks"]["written"]["escalated"] == WRITTEN
    for route in document["tasks"]["written"]["choice"]["routes"]:
        if route["escalation"]:
            route["escalation"]["signals"]["check"] = "x"
    file.write_text(json.dumps(document), "utf-8")
    assert tierwise("run", "labels.csv", f"--calibration={file}", output="other") == 2
    assert "whether it is asked again depends on 'check', whose" in capsys.readouterr().err


def test_a_label_of_doubt_that_no_task_has_is_refused(
    tierwise: Callable[..., int], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tierwise("calibrate", "labels.csv", "--doubt=maybe") == 2
    assert "--doubt=maybe: no task that is calibrated has such a label" in capsys.readouterr().err
    assert gemini.requests() == []
