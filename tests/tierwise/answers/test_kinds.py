"""What people say is right, and how right an answer is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.answers.truths import TruthError, read_truth, truth_columns
from tierwise.answers.written_words import overlap

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
        (STRUCT, {"t.total": "9.50", "t.shop": 12}, {"total": 9.5, "shop": "12"}),
    ],
)
def test_a_cell_is_read_as_an_answer(kind: AnswerType, cells: dict[str, Any], truth: Any) -> None:
    assert read_truth(kind, cells) == truth


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        (ONE, "maybe", "'maybe' is not a label. Known labels: yes, no"),
        (SOME, "sea; sum", "'sum' is not a label. Did you mean sun"),
        (SOME, "[sea", "not a JSON list"),
        (STRUCT, "9.50", "not a JSON object"),
        (STRUCT, "{}", "a JSON object without properties"),
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
        (STRUCT, {"total": 9.5, "shop": "Al's"}, {"total": 9.5, "shop": "al's "}, 1),
        (STRUCT, {"total": 9.5, "shop": "Al's"}, {"total": 9.6, "shop": "Al's"}, 0.5),
        (STRUCT, {"total": 9.5, "shop": "Al's"}, {"total": 9.5}, 0.5),
    ],
)
def test_scores(kind: AnswerType, truth: Any, answer: Any, expected: float) -> None:
    assert kind.score_of(truth, answer) == pytest.approx(expected)
    assert kind.score_of(truth, None) == 0


RECEIPT = Struct(
    read_schema(
        {
            "type": "object",
            "properties": {
                "total": {"type": "number"},
                "count": {"type": "integer"},
                "code": {"type": "string"},
                "paid": {"type": "boolean"},
                "note": {"type": ["string", "null"]},
                "shop": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
                    "required": ["city"],
                },
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["total", "note"],
        }
    )
)


@pytest.mark.parametrize(
    ("truth", "answer", "same"),
    [
        ('{"count": 5, "total": 5}', {"total": 5.0, "count": 5, "note": None}, True),
        ('{"total": "5.0"}', {"total": 5, "note": "x"}, True),
        ('{"note": null}', {"total": 1, "note": None}, True),
        ('{"note": null}', {"total": 1, "note": "x"}, False),
        ('{"code": null}', {"total": 1, "note": None}, True),
        ('{"code": null}', {"total": 1, "note": None, "code": "12"}, False),
        ('{"code": "0012"}', {"code": "12"}, False),
        ('{"code": 12}', {"code": "12"}, True),
        ('{"code": "12.0"}', {"code": "12"}, False),
        ('{"paid": true}', {"paid": True}, True),
        ('{"shop": {"zip": null, "city": "Bern"}}', {"shop": {"city": "bern"}}, True),
        ('{"shop": {"city": "Bern"}}', {"shop": {"city": "Bern", "zip": "3000"}}, False),
        ('{"tags": ["a", "b"]}', {"tags": ["A", "b"]}, True),
        ('{"tags": ["a", "b"]}', {"tags": ["a"]}, False),
        ('{"code": "cafe\u0301"}', {"code": "caf\u00e9"}, True),
    ],
)
def test_a_struct_is_compared_by_the_types_of_its_schema(
    truth: str, answer: dict[str, Any], same: bool
) -> None:
    known = read_truth(RECEIPT, {"t": truth})
    assert RECEIPT.score_of(known, answer) == same
    assert RECEIPT.is_same({**answer, **known}, answer) == same


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ('{"total": null}', "it.total is null"),
        ('{"total": "five"}', "it.total is 'five', not a number"),
        ('{"count": 1.5}', "it.count is 1.5, not a whole number"),
        ('{"paid": "perhaps"}', "it.paid is 'perhaps', not true or false"),
        ('{"shop": {"zip": "3000"}}', "it.shop lacks the property 'city'"),
        ('{"sum": 5}', "it has the unknown property 'sum'"),
    ],
)
def test_a_truth_that_no_answer_could_be_is_named(truth: str, said: str) -> None:
    with pytest.raises(TruthError, match=said):
        read_truth(RECEIPT, {"t": truth})


@pytest.mark.parametrize("answered", [None, {"total": 5.0, "note": None}])
def test_a_property_that_is_rightly_null_counts_as_right(answered: Any) -> None:
    truth = read_truth(RECEIPT, {"t": '{"total": 5, "note": null}'})
    shares = [part.exact for part in RECEIPT.parts(truth, answered)]
    assert shares == [float(answered is not None)] * 2


COMPOSED, APART = "caf\u00e9", "cafe\u0301"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.mark.parametrize(
    ("labels", "written", "label"),
    [
        ((COMPOSED, "bar"), APART, COMPOSED),
        ((APART, "bar"), COMPOSED.upper(), APART),
        ((PERSIAN, "b"), PERSIAN.replace("\u200c", ""), PERSIAN),
        (("1", "2"), 1.0, "1"),
        (("true", "false"), True, "true"),
        (("\uff21\uff22", "c"), "ab", "\uff21\uff22"),
    ],
)
def test_a_label_is_known_in_any_normal_form(labels: Any, written: Any, label: str) -> None:
    kind = OneLabel(labels)
    assert read_truth(kind, {"t": written}) == label
    if isinstance(written, str):
        assert kind.read(written) == label
        several = SeveralLabels(labels)
        assert read_truth(several, {"t": json.dumps([written])}) == (label,)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_overlap_is_a_share_that_both_sides_agree_on(a: list[str], b: list[str]) -> None:
    assert 0 <= overlap(a, b) <= 1
    assert overlap(a, b) == overlap(b, a)
    assert (overlap(a, b) == 1) == (sorted(a) == sorted(b))
