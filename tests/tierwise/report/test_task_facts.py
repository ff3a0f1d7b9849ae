"""What `run.json` says of tasks that come to several asks: the first is put to every picture."""

from __future__ import annotations

from datetime import date

import pytest

from tierwise.answerer import Answerer, ServiceKind
from tierwise.questions import questions_of
from tierwise.report.task_facts import AskedTask, asked_tasks
from tierwise.tasks import load_tasks

TREE = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: Which?
    labels:
    - {label: pets}
    - {label: cat, parent: pets}
    - {label: dog, parent: pets}
    - {label: toys}
    - {label: ball, parent: toys}
    - {label: kite, parent: toys}
"""
REFUSAL = "    on_refusal: {model: gemini-3.5-flash-lite}\n"
ASKS = {
    "top down": "    top_down: true\n",
    "escalate": '    escalate: {when: kind == "cat", media_resolution: high}\n',
}


@pytest.mark.parametrize("asks", ASKS)
@pytest.mark.parametrize("declined", ["", REFUSAL])
def test_a_task_is_told_by_its_first_ask(asks: str, declined: str) -> None:
    tasks = load_tasks(TREE + ASKS[asks] + declined, path="tasks.yaml")
    questions, _ = questions_of(
        tasks, calibration=None, answerer=Answerer(ServiceKind.EMULATOR), on=date(2026, 12, 1)
    )
    [told] = map(AskedTask.of_document, asked_tasks(questions, {}))
    assert (told.when, told.looks_at, told.media_resolution) == ("", (), "low")
    assert (told.model, told.top_down) == ("gemini-3.1-flash-lite", asks == "top down")
    assert told.labels == ("cat", "dog", "ball", "kite")
