"""Answers against labels: which columns count, what is right, and sums in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.calibration.labelling import label_task, old_label_task, unfitting_task
from tierwise.evaluation import (
    Against,
    PairKey,
    PairTotals,
    judge_row,
    judged_tasks,
)
from tierwise.findings import Findings, evaluation, evaluation_rows
from tierwise.pair_lists import listed
from tierwise.records import Answer, Failure, ImageFile, Outcome, Page, Reason
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


def test_columns_belong_to_the_task_of_their_name_or_to_the_one_that_is_named() -> None:
    columns = ["label", "detail", "old_label", "old_detail", "name", "x"]
    judged = judged_tasks(TASKS.tasks, columns, "category", "category")
    found = {name: (one.truth, one.old) for name, one in judged.items()}
    assert found == {
        "category": (("label",), "old_label"),
        "detail": (("detail",), "old_detail"),
        "name": (("name",), ""),
    }
    assert judged_tasks(TASKS.tasks, ["x", "uri"]) == {}
    assert judged_tasks(TASKS.tasks, ["label", "old_label"]) == {}


def test_a_column_label_is_about_the_task_that_has_its_labels() -> None:
    columns = ["label", "old_label"]
    told = label_task(TASKS.tasks, columns, ["No", "yes", "maybe"])
    judged = judged_tasks(TASKS.tasks, columns, told, told)
    assert {name: (one.truth, one.old) for name, one in judged.items()} == {
        "detail": (("label",), "old_label")
    }
    assert label_task(TASKS.tasks, columns, ["maybe"]) == ""
    assert label_task(TASKS.tasks, ["label", "detail"], ["yes", "city"]) == "category"
    # Labels that no task has are told to the task with most labels, the first of equals.
    assert unfitting_task(TASKS.tasks, columns) == "category"
    assert unfitting_task(TASKS.tasks, ["label", "category"]) == "detail"


def test_old_labels_are_about_the_task_that_has_them_whatever_columns_of_truths_there_are() -> None:
    columns = ["category", "old_label"]
    assert old_label_task(TASKS.tasks, columns, ["City", "alps"], "") == "category"
    assert old_label_task(TASKS.tasks, columns, ["yes"], "") == "detail"
    # Of words that no task has, that of the column `label` is meant, else the largest.
    assert old_label_task(TASKS.tasks, columns, ["town"], "detail") == "detail"
    gated = load_tasks(
        """
model: gemini-3.1-flash-lite
tasks:
  gate: {prompt: Which, labels: ["yes", "no"]}
  scene: {prompt: Which, labels: [alps, sea, town], when: gate == "yes"}
""",
        path="tasks.yaml",
    )
    assert old_label_task(gated.tasks, ["old_label"], ["night", "day"], "") == "scene"
    assert old_label_task(gated.tasks, ["old_label", "old_scene"], ["night"], "scene") == "gate"


@pytest.mark.parametrize(
    ("kind", "old", "value"),
    [
        ("labels: [Landscape, city]", " landscape", "Landscape"),
        ('labels: ["Caf\u00e9 bar", city]', "CAFE\u0301  BAR", "Caf\u00e9 bar"),
        ("labels: [red, blue], multiple: true", "Blue; red", ("red", "blue")),
        ("text: {max_length: 40}", "red  ROSE", "Red rose"),
        (
            "schema: {type: object, properties: {n: {type: number}, s: {type: string}}}",
            '{"n": "5"}',
            {"n": 5.0, "s": None},
        ),
    ],
)
def test_what_is_only_written_otherwise_was_not_reclassified(
    kind: str, old: str, value: Any, answer: Callable[..., Answer]
) -> None:
    text = f"model: gemini-3.1-flash-lite\ntasks: {{task: {{prompt: Which, {kind}}}}}"
    judged = judged_tasks(load_tasks(text, path="tasks.yaml").tasks, ["old_task"])
    ((key, _),) = judge_row(judged, file(old_task=old), answer(task="task", value=value))
    assert key.label == key.answer
    ((key, _),) = judge_row(judged, file(old_task="moon"), answer(task="task", value=value))
    assert key.label != key.answer


def test_right_wrong_unanswered_and_unknown(
    answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    judged = judged_tasks(TASKS.tasks, ["category", "old_label"], "", "category")
    seen: list[tuple[ImageFile, Outcome]] = [
        (file(category="city", old_label="town"), answer(value="city")),
        (file(category="city"), answer(value="sea")),
        (file(category="sea", old_label="town"), failure()),
        (file(category="lake"), answer(value="sea")),
        (file(), answer(value="sea")),
        (file(category="sea"), answer(task="detail", value="yes")),
    ]
    rows = [row for one, outcome in seen for row in judge_row(judged, one, outcome)]
    (task,) = evaluation(Findings.of(rows), judged).values()
    assert (task["images"], task["score"]) == (3, pytest.approx(1 / 3))
    assert task["low"] < 1 / 3 < task["high"]
    assert task["label"] == [
        {"label": "city", "answer": "city", "images": 1},
        {"label": "city", "answer": "sea", "images": 1},
        {"label": "sea", "answer": "", "images": 1},
    ]
    assert task["unknown_label"] == [{"label": "lake", "answer": "", "images": 1}]
    assert [pair["answer"] for pair in task["old_label"]] == ["", "city"]
    first = evaluation_rows(Findings.of(rows))[0]
    assert (first["label"], first["answer"], first["share"]) == ("city", "city", 0.5)
    assert first["examples"] == ["a.jpg"]


@pytest.mark.parametrize("reason", [Reason.OVER_BUDGET, Reason.QUOTA_EXHAUSTED, Reason.TIMEOUT])
def test_what_was_not_asked_is_neither_wrong_nor_reclassified(
    failure: Callable[..., Failure], reason: Reason
) -> None:
    judged = judged_tasks(TASKS.tasks, ["category", "old_label"], "", "category")
    left = failure(reason=reason)
    assert not list(judge_row(judged, file(category="city", old_label="town"), left))
    ended = failure(run_ended=True)
    assert not list(judge_row(judged, file(category="city", old_label="town"), ended))


def test_texts_have_scores_and_no_pairs(answer: Callable[..., Answer]) -> None:
    judged = judged_tasks(TASKS.tasks, ["name"])
    rows = list(judge_row(judged, file(name="red rose"), answer(task="name", value="a red rose")))
    assert evaluation(Findings.of(rows), judged)["name"] == {"images": 1, "score": 0.8, "label": []}


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
    kept = evaluation(Findings.of(rows), ["t"])["t"]["old_label"]
    assert [pair["images"] for pair in kept] == list(range(199, 99, -1))
    assert len(evaluation_rows(Findings.of(rows))) == 199


def test_pairs_without_end_are_sums_and_the_most_frequent() -> None:
    old = Against.OLD_LABEL
    often = [(PairKey("t", old, "tree", "A tree."), PairTotals(5, 0, ("a.jpg",)))]
    once = [
        (PairKey("t", old, "tree", f"tree {number}"), PairTotals(1, 0, ("b.jpg",)))
        for number in range(1000)
    ]
    same = [(PairKey("t", old, "Rose", "rose"), PairTotals(1, 0, ("z.jpg",)))]
    lists, images = listed([*once, *often, *same], most=10)
    found = Findings.of_lists(lists, dict(images))
    rows = evaluation_rows(found)
    assert len(rows) == 10
    [frequent] = [row for row in rows if row["answer"] == "A tree."]
    assert frequent["share"] == 5 / 1005  # of all images with the label, listed or not
    told = evaluation(found, ["t"])["t"]
    # "Rose" is listed, for it comes first of those that were seen once.
    assert told["others"] == {"old_label": {"pairs": 992, "images": 992, "changed": 992}}
    assert sum(row["images"] for row in rows) + 992 == 1006


@pytest.mark.parametrize(
    ("said", "judged_pages"), [(2, [2]), ("2", [2]), (None, [1, 2, 3]), ("ii", [1, 2, 3])]
)
def test_a_label_of_one_page_is_about_that_page(
    said: Any, judged_pages: list[int], answer: Callable[..., Answer]
) -> None:
    judged = judged_tasks(TASKS.tasks, ["category"])
    row = file(category="city", page=said)
    pages = [Page(number, 3) for number in (1, 2, 3)]
    found = [page.number for page in pages if list(judge_row(judged, row, answer(page=page)))]
    assert found == judged_pages
    # Page 17 of a book is a file of its own.
    assert list(judge_row(judged, file(category="city", page=17), answer(page=Page())))
