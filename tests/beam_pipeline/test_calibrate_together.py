"""Calibrations that find out who is as right together as apart, and runs that ask so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  about: {prompt: What is it, text: {max_length: 20}}
  called: {prompt: What could it be called, text: {max_length: 20}}
  shade: {prompt: How light is it, labels: [dark, bright]}
"""
NAMES = ("about", "called", "shade")
PICTURES = 24


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., bytes]) -> Path:
    """A manifest of small pictures with what the emulator says of each, asked apart."""
    place = tmp_path_factory.mktemp("labelled")
    for number in range(PICTURES):
        (place / f"{number:02}.jpg").write_bytes(draw(number))
    (place / "tasks.yaml").write_text(TASKS, "utf-8")
    (place / "apart.yaml").write_text(f"together: false\n{TASKS}", "utf-8")
    said = [f"--input={place}", f"--tasks={place}/apart.yaml", f"--output={place}/said"]
    assert main(["run", *said]) == 0
    found = {name: dict(answers(place / "said", name)) for name in NAMES}
    lines = [
        json.dumps({"uri": uri, **{name: found[name][uri] for name in NAMES}})
        for uri in found["shade"]
    ]
    (place / "labels.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return place


@pytest.fixture
def tierwise(labelled: Path, tmp_path: Path) -> Callable[..., int]:
    def run(verb: str, *flags: str) -> int:
        words = [f"--input={labelled}/labels.jsonl", f"--tasks={labelled}/tasks.yaml"]
        return main([verb, *words, f"--output={tmp_path}/{verb}", *flags])

    return run


def rows(output: Path, task: str) -> Iterator[dict[str, Any]]:
    for path in sorted(output.glob(f"answers/task={task}/*.parquet")):
        yield from pq.ParquetFile(path).read().to_pylist()


def answers(output: Path, task: str) -> Iterator[tuple[str, Any]]:
    return ((row["uri"], row["answer"]) for row in rows(output, task))


def choices(output: Path) -> dict[str, Any]:
    found = json.loads((output / "calibrate/calibration.json").read_text("utf-8"))
    return {name: task["choice"] for name, task in found["tasks"].items()}


def route(choice: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = {one["name"]: one for one in choice["routes"]}[name]
    return found


def asked_with(output: Path, task: str) -> set[tuple[str, ...]]:
    return {tuple(row["asked_with"]) for row in rows(output, task)}


def requests(output: Path) -> int:
    run = json.loads((output / "calibrate/run.json").read_text("utf-8"))
    return int(run["totals"]["requests"])


TRY = ("--routes=low,low+together", "--margin=0.4", "--routing=task")


def test_where_some_labels_suffer_the_others_are_asked_together_without_them(
    tierwise: Callable[..., int],
    labelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoilt = "--emulator_interference=0.4"
    assert tierwise("calibrate", *TRY, spoilt) == 0
    found = choices(tmp_path)
    assert {name: one["chosen"] for name, one in found.items()} == {
        "about": "low+about+called",
        "called": "low+about+called",
        "shade": "low",
    }
    assert route(found["about"], "low+about+called")["together"] == ["called"]
    assert route(found["about"], "low+together")["not_for"] == ["shade"]
    assert route(found["shade"], "low")["together"] is False
    assert route(found["shade"], "low+together")["figures"]["score"] < 0.5
    assert requests(tmp_path) == PICTURES  # in the second round; the first is in the journal
    said = capsys.readouterr()
    assert "low+together was not shown to be good enough for shade. Now asking the" in said.err
    assert "not for all" in said.out

    # What was measured is what a run asks: the same sets, for the same money.
    calibration = f"--calibration={tmp_path}/calibrate/calibration.json"
    assert tierwise("run", calibration, spoilt, "--on_stale=warn") == 0
    assert asked_with(tmp_path / "run", "about") == {("called",)}
    assert asked_with(tmp_path / "run", "called") == {("about",)}
    assert asked_with(tmp_path / "run", "shade") == {()}
    run = json.loads((tmp_path / "run/run.json").read_text("utf-8"))
    assert run["totals"]["requests"] == 2 * PICTURES
    usd = sum(
        float(route(one, one["chosen"])["figures"]["usd_per_1000_images"]) for one in found.values()
    )
    assert float(run["totals"]["cost_usd"]) == pytest.approx(usd * PICTURES / 1000)
    assert {name: one["score"] for name, one in run["evaluation"].items()} == dict.fromkeys(
        NAMES, 1
    )
    assert "--calibration:" not in capsys.readouterr().err

    # Nobody notices a change of one task alone, for its answers were measured beside the others'.
    changed = tmp_path / "changed.yaml"
    changed.write_text(TASKS.replace("could it be", "should it be"), "utf-8")
    words = [f"--input={labelled}/labels.jsonl", f"--tasks={changed}", f"--output={tmp_path}/other"]
    assert main(["run", *words, calibration]) == 2
    assert "'called': its prompt has changed" in capsys.readouterr().err


def test_where_nothing_suffers_all_are_asked_together_and_never_with_answers_from_apart(
    tierwise: Callable[..., int], gemini: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []

    def calibrate(*flags: str) -> int:
        status = tierwise("calibrate", *flags, f"--gemini_endpoint={gemini.url}")
        asked.append(len(gemini.requests()) - sum(asked))
        return status

    assert calibrate("--routes=low,medium", "--margin=0.4", "--routing=task") == 0
    assert calibrate(*TRY) == 0  # apart is known, together is asked for all three at once
    assert calibrate(*TRY) == 0
    assert calibrate("--routes=low,low+about+shade", "--margin=0.4", "--routing=task") == 0
    assert asked == [6 * PICTURES, PICTURES, 0, PICTURES]
    assert calibrate(*TRY) == 0
    found = choices(tmp_path)
    assert {one["chosen"] for one in found.values()} == {"low+together"}
    for name, one in found.items():
        joint, apart = route(one, "low+together")["figures"], route(one, "low")["figures"]
        assert joint["score"] == apart["score"] == 1
        assert float(joint["usd_per_1000_images"]) < float(apart["usd_per_1000_images"])
        assert joint["image_tokens"] == pytest.approx(apart["image_tokens"] / 3, abs=1)
        assert asked_with(tmp_path / "calibrate", f"{name}@low") == {()}
        [others] = asked_with(tmp_path / "calibrate", f"{name}@low+together")
        assert [other.partition("@")[0] for other in others] == [o for o in NAMES if o != name]

    capsys.readouterr()
    calibration = f"--calibration={tmp_path}/calibrate/calibration.json"
    endpoint = f"--gemini_endpoint={gemini.url}"
    assert tierwise("plan", calibration, endpoint) == 0
    assert "not known before it is measured" not in capsys.readouterr().out
    assert tierwise("plan", endpoint) == 0
    [line] = [one for one in capsys.readouterr().out.splitlines() if one.startswith("Asked tog")]
    assert line.startswith("Asked together with others: about, called, shade. Whether the answers")


def test_a_route_that_nobody_can_share_is_refused(
    tierwise: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tierwise("calibrate", "--routes=low,low+about") == 2
    assert "--routes: low+about: about cannot share a request" in capsys.readouterr().err


def test_one_half_of_a_trial_that_is_known_is_asked_again_with_the_other(
    tierwise: Callable[..., int], gemini: Any, tmp_path: Path
) -> None:
    endpoint = f"--gemini_endpoint={gemini.url}"
    assert tierwise("calibrate", *TRY, endpoint) == 0
    before = len(gemini.requests())
    lost = 0
    for path in (tmp_path / "calibrate/journal").glob("*/*.jsonl"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = ["{}\n" if '"task":"shade@low+together"' in line else line for line in lines]
        lost += kept.count("{}\n")
        path.write_text("".join(kept), "utf-8")
    assert lost == PICTURES
    assert tierwise("calibrate", *TRY, endpoint) == 0
    assert len(gemini.requests()) - before == PICTURES
    for name in NAMES:
        [others] = asked_with(tmp_path / "calibrate", f"{name}@low+together")
        assert len(others) == 2
