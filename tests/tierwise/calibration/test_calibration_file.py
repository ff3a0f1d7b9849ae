"""The calibration file keeps everything, refuses what it cannot read, and is stale in time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.calibration.calibration_file import (
    CalibratedTask,
    Calibration,
    read_calibration,
    write_calibration,
)
from tierwise.calibration.choice import Choice
from tierwise.calibration.staleness import changes_since
from tierwise.errors import InputError
from tierwise.tasks import Tasks, load_tasks

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  pet: {{prompt: "{prompt}", labels: [cat, dog]}}
  other: {{prompt: What, text: {{max_length: 20}}}}
"""


def tasks_of(prompt: str = "Which?") -> Tasks:
    return load_tasks(TASKS.format(prompt=prompt), path="tasks.yaml")


@pytest.fixture
def calibration(choice: Choice) -> Calibration:
    task = CalibratedTask(tasks_of().task("pet").digest, {"unreadable": 1}, choice.why, choice)
    return Calibration(1, "0.1.0", True, "2026-11-23T00:00:00+00:00", {"pet": task})


def test_what_is_written_is_read_back(calibration: Calibration) -> None:
    data = write_calibration(calibration)
    assert read_calibration(data, path="c.json") == calibration
    route = calibration.routes["pet"]
    assert (route.media_resolution, route.images_per_request) == ("low", 1)
    figures = json.loads(data)["tasks"]["pet"]["choice"]["routes"][0]["figures"]
    assert figures["usd_per_1000_images"] == "0.000900000"


@given(st.data())
def test_damaged_files_are_refused_in_our_words(data: st.DataObject) -> None:
    text = '{"format": 1, "tierwise": "0.1.0", "emulated": true, "calibrated_at": "x", "tasks": {}}'
    start = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:start] + data.draw(st.text(max_size=3)) + text[start + 2 :]
    try:
        read_calibration(damaged.encode("utf-8", "replace"), path="c.json")
    except InputError as error:
        assert str(error).startswith("c.json: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}', "the key format is missing"),
        ("[1]", "it holds [1], not an object with keys"),
        ('{"format": 1, "tierwise": 3}', "the key tierwise holds 3, which should be a text"),
        ('{"format": "x"}', "the key format holds 'x', which should be a whole number"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_calibration(text.encode(), path="c.json")
    wanted = f"c.json: no calibration file: {said}. Write it anew with tierwise calibrate."
    assert str(refused.value) == wanted


def test_a_newer_format_is_refused(calibration: Calibration) -> None:
    with pytest.raises(InputError, match="format 5 is newer than this program knows"):
        read_calibration(write_calibration(replace(calibration, format=5)), path="c.json")


def test_what_has_not_changed_is_not_stale(calibration: Calibration) -> None:
    assert changes_since(calibration, tasks_of(), emulated=True) == []


def test_changes_are_named(calibration: Calibration) -> None:
    changed = changes_since(calibration, tasks_of("Which one?"), emulated=False)
    assert changed == [
        "task 'pet': its prompt, labels or schema have changed",
        "the calibration was emulated, so that its accuracies say nothing of Gemini",
    ]
    named = {
        "pet": replace(calibration.tasks["pet"], part_digests=tasks_of().task("pet").part_digests)
    }
    telling = replace(calibration, tasks=named)
    both = load_tasks(TASKS.format(prompt="Who?").replace("dog]", "hen]"), path="tasks.yaml")
    labels = load_tasks(TASKS.format(prompt="Which?").replace("dog]", "hen]"), path="tasks.yaml")
    for tasks, said in (
        (tasks_of("Which one?"), "its prompt has changed"),
        (labels, "its labels have changed"),
        (both, "its prompt and labels have changed"),
    ):
        assert changes_since(telling, tasks, emulated=True) == [f"task 'pet': {said}"]

    text = TASKS.format(prompt="Which?").replace("3.1", "3.5")
    other_model = load_tasks(text, path="tasks.yaml")
    (said,) = changes_since(calibration, other_model, emulated=True)
    assert "asks gemini-3.5-flash-lite, which was not among the models calibrated" in said


def test_another_version_of_the_model_is_named(calibration: Calibration) -> None:
    data = write_calibration(calibration).replace(
        b'"gemini-3.1-flash-lite"\n', b'"gemini-3.1-flash-lite-002"\n'
    )
    (said,) = changes_since(read_calibration(data, path="c.json"), tasks_of(), emulated=True)
    assert "answered as gemini-3.1-flash-lite-002" in said
