"""What `plan` says of long lists of labels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tierwise.beam_pipeline.terminal.label_lines import label_forms, label_lines
from tierwise.questions import Questions, as_written
from tierwise.tasks import load_tasks


def questions(labels: list[Any], **keys: Any) -> Questions:
    task = {"prompt": "Which?", "labels": labels, **keys}
    text = json.dumps({"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}})
    return as_written(load_tasks(text, path="tasks.yaml"))


def names(count: int, parents: int = 0) -> list[Any]:
    above = [{"label": f"branch {n}"} for n in range(parents)]
    return above + [
        {"label": f"kind number {n}", "parent": f"branch {n % parents}"} if parents else f"kind {n}"
        for n in range(count)
    ]


def test_few_labels_need_no_word() -> None:
    assert list(label_lines(questions(names(12)))) == []


@pytest.mark.parametrize(
    ("count", "how"),
    [(51, "by numbers that the prompt explains"), (2_000, "by short codes that the prompt")],
)
def test_a_long_list_is_told_with_its_form_and_tokens(count: int, how: str) -> None:
    (line,) = label_lines(questions(names(count)))
    assert line.startswith(f"kind: {count:,} labels are asked {how}")


def test_a_tree_in_two_questions_is_told_with_what_one_would_take() -> None:
    asked = questions(names(4_000, 50))
    told = label_forms(asked)["kind"]
    assert (told["labels"], told["questions"]) == (4_000, 2)
    assert told["tokens"] * 10 < told["tokens_in_one"]
    (line,) = label_lines(asked)
    assert "from the top down in two questions" in line
    whole = label_forms(questions(names(4_000, 50), top_down=False))["kind"]
    assert (whole["questions"], whole["tokens"]) == (1, told["tokens_in_one"])


def test_a_route_for_refusals_changes_nothing_of_that() -> None:
    keys = {"on_refusal": {"model": "gemini-3.5-flash-lite"}}
    assert label_forms(questions(names(4_000, 50), **keys)) == label_forms(
        questions(names(4_000, 50))
    )
