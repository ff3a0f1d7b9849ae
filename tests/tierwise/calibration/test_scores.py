"""What people say is right, and how right an answer is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.calibration.scores import overlap, score
from tierwise.calibration.truths import TruthError, read_truth, truth_columns

ONE, SOME, TEXT = OneLabel(("yes", "no")), SeveralLabels(("sea", "sun", "sand")), Text(60)
STRUCT = Struct(
    read_schema(
        {
            "type": "object",
            "properties": {"total": {"type": "number"}, "shop": {"type": "string"}},
            "required": ["total"],
        }
    )
)


@pytest.mark.parametrize(
    ("kind", "cells", "truth"),
    [
        (ONE, {"t": "yes"}, "yes"),
        (ONE, {"t": " No "}, "no"),
        (ONE, {"t": ""}, None),
        (ONE, {"t": None}, None),
        (SOME, {"t": "sun; sea"}, ("sea", "sun")),
        (SOME, {"t": '["sand"]'}, ("sand",)),
        (SOME, {"t": "[]"}, ()),
        (TEXT, {"t": "a red rose"}, "a red rose"),
        (TEXT, {"t": 12}, "12"),
        (STRUCT, {"t": '{"total": 9.5}'}, {"total": 9.5}),
        (STRUCT, {"t.total": 9.5, "t.shop": ""}, {"total": 9.5}),
    ],
)
def test_a_cell_is_read_as_an_answer(kind: AnswerType, cells: dict[str, Any], truth: Any) -> None:
    assert read_truth(kind, cells) == truth


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        (ONE, "maybe", "'maybe' is no label. Known labels: yes, no"),
        (SOME, "sea; sum", "'sum' is no label. Did you mean sun"),
        (SOME, "[sea", "no JSON list"),
        (STRUCT, "9.50", "no JSON object"),
        (STRUCT, "{}", "no JSON object with properties"),
    ],
)
def test_a_cell_that_can_never_be_an_answer_is_named(
    kind: AnswerType, cell: str, said: str
) -> None:
    with pytest.raises(TruthError, match=said):
        read_truth(kind, {"t": cell})


def test_the_column_has_the_name_of_the_task_or_of_its_properties() -> None:
    assert truth_columns("kind", ONE, ["kind", "other"]) == ("kind",)
    assert truth_columns("kind", ONE, ["kind.total"]) == ()
    assert truth_columns("bill", STRUCT, ["bill.shop", "bill.x", "a"]) == ("bill.shop",)


@pytest.mark.parametrize(
    ("kind", "truth", "answer", "expected"),
    [
        (ONE, "yes", "yes", 1),
        (ONE, "yes", "no", 0),
        (SOME, ("sea", "sun"), ("sea",), 2 / 3),
        (SOME, (), (), 1),
        (SOME, (), ("sea",), 0),
        (TEXT, "A red rose", "red  ROSE", 0.8),
        (STRUCT, {"total": "9.50", "shop": "Al's"}, {"total": 9.5, "shop": "al's "}, 1),
        (STRUCT, {"total": 9.5, "shop": "Al's"}, {"total": 9.6, "shop": "Al's"}, 0.5),
        (STRUCT, {"total": 9.5, "shop": "Al's"}, {"total": 9.5}, 0.5),
    ],
)
def test_scores(kind: AnswerType, truth: Any, answer: Any, expected: float) -> None:
    assert score(kind, truth, answer) == pytest.approx(expected)
    assert score(kind, truth, None) == 0


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_overlap_is_a_share_that_both_sides_agree_on(a: list[str], b: list[str]) -> None:
    assert 0 <= overlap(a, b) <= 1
    assert overlap(a, b) == overlap(b, a)
    assert (overlap(a, b) == 1) == (sorted(a) == sorted(b))
