"""Answers against labels: which columns count, what is right, and sums in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.calibration.labelling import label_task
from tierwise.evaluation import (
    Against,
    PairKey,
    PairTotals,
    evaluation,
    evaluation_rows,
    judge_row,
    judged_tasks,
)
from tierwise.records import Answer, Failure, ImageFile, Outcome, Reason
from tierwise.tasks import load_tasks

TASKS = load_tasks(
    """
model: gemini-3.1-flash-lite
tasks:
  category: {prompt: Which, labels: [city, sea]}
  detail: {prompt: Which, labels: ["yes", "no"]}
  name: {prompt: What, text: {max_length: 40}}
""",
    path="tasks.yaml",
)


def file(**columns: Any) -> ImageFile:
    return ImageFile("a.jpg", "a.jpg", 1, "sha256:1", columns)


def test_columns_belong_to_the_task_of_their_name_or_to_the_first() -> None:
    judged = judged_tasks(TASKS.tasks, ["label", "detail", "old_label", "old_detail", "name", "x"])
    found = {name: (one.truth, one.old) for name, one in judged.items()}
    assert found == {
        "category": (("label",), "old_label"),
        "detail": (("detail",), "old_detail"),
        "name": (("name",), ""),
    }
    assert judged_tasks(TASKS.tasks, ["x", "uri"]) == {}


def test_a_column_label_is_about_the_task_that_has_its_labels() -> None:
    columns = ["label", "old_label"]
    told = label_task(TASKS.tasks, columns, ["No", "yes", "maybe"])
    judged = judged_tasks(TASKS.tasks, columns, told)
    assert {name: (one.truth, one.old) for name, one in judged.items()} == {
        "detail": (("label",), "old_label")
    }
    # Of labels that no task has the first is told, which says so of each.
    assert label_task(TASKS.tasks, columns, ["maybe"]) == ""
    assert label_task(TASKS.tasks, ["label", "detail"], ["yes", "city"]) == "category"


def test_right_wrong_unanswered_and_unknown(
    answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    judged = judged_tasks(TASKS.tasks, ["category", "old_label"])
    seen: list[tuple[ImageFile, Outcome]] = [
        (file(category="city", old_label="town"), answer(value="city")),
        (file(category="city"), answer(value="sea")),
        (file(category="sea", old_label="town"), failure()),
        (file(category="lake"), answer(value="sea")),
        (file(), answer(value="sea")),
        (file(category="sea"), answer(task="detail", value="yes")),
    ]
    rows = [row for one, outcome in seen for row in judge_row(judged, one, outcome)]
    (task,) = evaluation(rows, judged).values()
    assert (task["images"], task["score"]) == (3, pytest.approx(1 / 3))
    assert task["low"] < 1 / 3 < task["high"]
    assert task["label"] == [
        {"label": "city", "answer": "city", "images": 1},
        {"label": "city", "answer": "sea", "images": 1},
        {"label": "sea", "answer": "", "images": 1},
    ]
    assert task["unknown_label"] == [{"label": "lake", "answer": "", "images": 1}]
    assert [pair["answer"] for pair in task["old_label"]] == ["", "city"]
    first = evaluation_rows(rows)[0]
    assert (first["label"], first["answer"], first["share"]) == ("city", "city", 0.5)
    assert first["examples"] == ["a.jpg"]


@pytest.mark.parametrize("reason", [Reason.OVER_BUDGET, Reason.QUOTA_EXHAUSTED, Reason.TIMEOUT])
def test_what_was_not_asked_is_neither_wrong_nor_reclassified(
    failure: Callable[..., Failure], reason: Reason
) -> None:
    judged = judged_tasks(TASKS.tasks, ["category", "old_label"])
    left = failure(reason=reason)
    assert not list(judge_row(judged, file(category="city", old_label="town"), left))
    ended = failure(run_ended=True)
    assert not list(judge_row(judged, file(category="city", old_label="town"), ended))


def test_texts_have_scores_and_no_pairs(answer: Callable[..., Answer]) -> None:
    judged = judged_tasks(TASKS.tasks, ["name"])
    rows = list(judge_row(judged, file(name="red rose"), answer(task="name", value="a red rose")))
    assert evaluation(rows, judged)["name"] == {"images": 1, "score": 0.8, "label": []}


totals = st.builds(
    PairTotals,
    st.integers(0, 9),
    st.integers(0, 10**6),
    st.lists(st.sampled_from("abcdef"), max_size=3, unique=True).map(lambda x: tuple(sorted(x))),
)


@given(totals, totals, totals)
def test_totals_add_up_in_any_order(a: PairTotals, b: PairTotals, c: PairTotals) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + PairTotals() == a


def test_the_most_frequent_pairs_are_kept() -> None:
    rows = [
        (PairKey("t", Against.OLD_LABEL, f"{n:03}", "x"), PairTotals(n, 0, ())) for n in range(200)
    ]
    kept = evaluation(rows, ["t"])["t"]["old_label"]
    assert [pair["images"] for pair in kept] == list(range(199, 99, -1))
    assert len(evaluation_rows(rows)) == 199
