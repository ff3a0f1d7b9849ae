"""Runs that must end early: every image has its row, and the end says why and how to go on."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'
IMAGES, ANSWERED = 12, 5


@pytest.mark.parametrize(
    ("kind", "reason", "cure"),
    [
        ("daily_quota", "quota_exhausted", "refill at midnight Pacific time"),
        ("unauthorized", "unauthorized", "Give a key or an account"),
        ("forbidden", "unauthorized", "Give a key or an account"),
        ("model_gone", "rejected", "Name a model that is served"),
    ],
)
def test_it_ends_early_and_goes_on_later(
    kind: str,
    reason: str,
    cure: str,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(IMAGES)
    gemini.faults({"kind": kind, "after": ANSWERED})
    flags = ["--requests_in_flight=2", "--give_up_after_s=5"]
    ended = classify(folder, *flags, tasks=TASKS, status=3)
    # Five are refused, and a few more before nobody doubts it.
    assert len(gemini.requests()) <= ANSWERED + 2 + 20
    assert len(ended.answers()) == ANSWERED
    assert {row["reason"] for row in ended.failures} == {reason}
    assert ended.run["failures"] == {reason: IMAGES - ANSWERED}
    assert (ended.run["status"], ended.run["exit_status"]) == ("rows_left", 3)
    early = ended.run["ended_early"]
    assert early["reason"] == reason
    assert IMAGES - ANSWERED - 2 <= early["rows"] <= IMAGES - ANSWERED
    out = capsys.readouterr().out
    assert "ENDED EARLY: 4" in out
    assert cure in out
    assert "run the same command again" in out

    gemini.reset()
    again = classify(folder, tasks=TASKS)
    assert len(gemini.requests()) == IMAGES - ANSWERED
    assert len(again.answers()) == IMAGES
    assert again.run["ended_early"] == {}


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden", "model_gone", "daily_quota"])
def test_one_refusal_among_healthy_replies_ends_nothing(
    kind: str, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": kind, "after": ANSWERED, "count": 1})
    finished = classify(photos(IMAGES), tasks=TASKS)
    assert len(finished.answers()) == IMAGES
    assert len(gemini.requests()) == IMAGES + 1


def test_a_question_that_is_refused_throughout_costs_a_handful_of_requests(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "bad_image"})
    packs = TASKS.replace("labels:", "images_per_request: 8, labels:")
    finished = classify(photos(41), tasks=packs, status=2)
    assert len(gemini.requests()) <= 12
    assert finished.run["failures"] == {"rejected": 41}
    assert finished.run["status"] == "not_begun"
    assert "Unable to process input image" in capsys.readouterr().out


def test_rows_of_tasks_that_depend_on_others_are_left_too(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    dependent = '  b: {input: text, prompt: "Name a {a} thing.", text: {max_length: 20}}\n'
    gemini.faults({"kind": "unauthorized", "after": ANSWERED})
    tasks = TASKS.replace("tasks: {a: ", "tasks:\n  a: ").replace("}}\n", "}\n") + dependent
    flags = ["--requests_in_flight=2", "--give_up_after_s=5"]
    ended = classify(photos(IMAGES), *flags, tasks=tasks, status=3)
    messages = [row["message"] for row in ended.failures if row["task"] == "b"]
    assert any(text.startswith("not asked, because 'a' has no answer") for text in messages)
    assert ended.run["ended_early"]["rows"] == len(ended.failures) > IMAGES


@pytest.mark.parametrize("kind", ["unauthorized", "model_gone"])
def test_a_run_that_could_not_begin_says_so(
    kind: str, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": kind})
    finished = classify(photos(3), tasks=TASKS, status=2)
    assert (finished.run["status"], finished.run["exit_status"]) == ("not_begun", 2)
    assert len(finished.failures) == 3
    assert finished.cost == gemini.billed() == 0


def test_so_does_one_at_an_address_where_nobody_listens(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        flags = [f"--gemini_endpoint={nobody}", "--give_up_after_s=0.5"]
        finished = classify(photos(3), *flags, tasks=TASKS, status=2)
    assert finished.run["status"] == "not_begun"
    assert finished.run["failures"] == {"unavailable": 3}
    out = capsys.readouterr().out
    assert "(before a first reply, a fifth of --give_up_after_s is enough)" in out
    address = nobody.removeprefix("http://")
    assert f"lately: no connection to {address}: Connection refused. Rows left: " in out


def test_an_image_that_is_rejected_ends_nothing(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": "bad_image"})
    finished = classify(photos(2), tasks=TASKS)
    assert finished.run["failures"] == {"rejected": 2}
    assert finished.run["status"] == "done"
