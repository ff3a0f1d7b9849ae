"""Which labelled images a task with a condition is judged at."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.calibration.labelling import truths_of_gates
from tierwise.calibration.reached import gates, reached, signals_of
from tierwise.tasks import Tasks, load_tasks


@pytest.fixture(scope="module")
def tasks() -> Tasks:
    return load_tasks(
        """
model: gemini-3.1-flash-lite
tasks:
  kind: {prompt: Which, labels: [photo, form]}
  hues: {prompt: Which, labels: [red, blue], multiple: true}
  bill:
    prompt: What
    schema:
      type: object
      properties:
        total: {type: number, nullable: true}
        shop: {type: object, properties: {town: {type: string}}}
    when: kind == "form"
  about: {prompt: "What is {kind}?", text: {max_length: 20}}
  dear: {prompt: Which, labels: ["yes", "no"], when: bill.total > 100}
  unpaid: {prompt: Which, labels: ["yes", "no"], when: bill.total == null}
  local: {prompt: Which, labels: ["yes", "no"], when: bill.shop.town == "Ulm"}
  warm: {prompt: Which, labels: ["yes", "no"], when: hues contains "red" or kind == "form"}
  cold: {prompt: Which, labels: ["yes", "no"], when: not (bill.total > 100)}
  told: {prompt: Which, labels: ["yes", "no"], when: about == "a wood"}
  sure:
    prompt: Which
    labels: ["yes", "no"]
    escalate: {when: sure != dear, media_resolution: high}
""",
        path="tasks.yaml",
    )


FORM: dict[str, Any] = {"kind": "form", "bill": {"total": 120.0}}


@pytest.mark.parametrize(
    ("task", "truths", "asked"),
    [
        ("kind", {}, True),
        ("sure", {}, True),
        ("bill", {"kind": "form"}, True),
        ("bill", {"kind": "photo"}, False),
        ("dear", FORM, True),
        ("dear", {**FORM, "bill": {"total": 5}}, False),
        # A photograph has no bill, whatever somebody wrote of it: a run does not ask for it.
        ("dear", {**FORM, "kind": "photo"}, False),
        ("cold", {"kind": "photo"}, False),
        ("unpaid", {**FORM, "bill": {"total": None}}, True),
        ("local", {**FORM, "bill": {"shop": {"town": "Ulm"}}}, True),
        ("local", {**FORM, "bill": {"shop": {}}}, False),
        ("warm", {"kind": "photo", "hues": ("red",)}, True),
        ("warm", {"kind": "photo", "hues": ()}, False),
        ("told", {"about": "a wood"}, True),
    ],
)
def test_a_task_is_reached_where_its_condition_holds_of_truths(
    task: str, truths: dict[str, Any], asked: bool, tasks: Tasks
) -> None:
    found = reached(task, tasks, truths)
    assert (found.asked, found.lacking) == (asked, ())


@pytest.mark.parametrize(
    ("task", "truths", "lacking"),
    [
        ("bill", {}, ("kind",)),
        ("dear", {}, ("kind", "bill")),
        ("dear", {"kind": "form"}, ("bill",)),
        ("dear", {"kind": "form", "bill": {"shop": {}}}, ("bill.total",)),
        ("warm", {"kind": "form"}, ("hues",)),
    ],
)
def test_what_it_would_take_to_say_is_named(
    task: str, truths: dict[str, Any], lacking: tuple[str, ...], tasks: Tasks
) -> None:
    found = reached(task, tasks, truths)
    assert (found.asked, found.lacking) == (False, lacking)


def test_gates_are_all_that_decide_and_their_columns_are_found(tasks: Tasks) -> None:
    assert gates(["dear"], tasks) == ["kind", "bill"]
    assert gates(["told"], tasks) == ["kind", "about"]
    assert gates(["kind"], tasks) == []
    assert signals_of(tasks.task("sure")) == ("dear",)
    assert gates(["sure"], tasks) == ["kind", "bill", "dear"]
    columns = ["told", "about", "kind", "bill.total"]
    # One that reads other answers cannot be calibrated, and decides all the same.
    assert truths_of_gates(tasks, {"told": ("told",), "kind": ("kind",)}, columns) == {
        "about": ("about",)
    }
