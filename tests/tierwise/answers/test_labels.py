import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.forms import LabelForm, label_names
from tierwise.answers.json_schemas import MismatchError
from tierwise.answers.labels import OneLabel, SeveralLabels, check_count
from tierwise.answers.replies import InvalidItem, ReplyError
from tierwise.answers.truths import read_truth
from tierwise.errors import TasksError
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel

ONE = OneLabel(("landscape", "city", "yes", "Yes"))
SEVERAL = SeveralLabels(("cat", "dog", "sky"))
LONG = tuple(f"category {number}" for number in range(1, 61))


def test_one_label_travels_as_an_enum() -> None:
    assert OneLabel(("cat", "dog")).response_config() == {
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": ["cat", "dog"]},
    }
    assert ONE.instruction() == ""


def test_a_pack_demands_one_numbered_item_per_image() -> None:
    assert OneLabel(("cat", "dog")).response_config(images=3) == {
        "responseMimeType": "application/json",
        "responseSchema": {
            "type": "ARRAY",
            "items": {
                "type": "OBJECT",
                "properties": {
                    "image": {"type": "INTEGER", "minimum": 1, "maximum": 3},
                    "answer": {"type": "STRING", "enum": ["cat", "dog"]},
                },
                "required": ["image", "answer"],
                "propertyOrdering": ["image", "answer"],
            },
            "minItems": 3,
            "maxItems": 3,
        },
    }


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("city", "city"),
        ("  city\n", "city"),
        ('"city"', "city"),
        ("'city'", "city"),
        ("CITY", "city"),
        ("```\ncity\n```", "city"),
        ("yes", "yes"),
        ("Yes", "Yes"),
    ],
)
def test_a_label_is_found_in_a_reply(reply: str, label: str) -> None:
    assert ONE.parse(reply) == label


@pytest.mark.parametrize("reply", ["", '"', "town", "city.", "cit", "YES", "city, yes", '["city"]'])
def test_anything_else_is_no_label(reply: str) -> None:
    with pytest.raises(ReplyError, match="not among the labels"):
        ONE.parse(reply)


def test_several_labels_come_in_the_files_order_each_once() -> None:
    assert SEVERAL.parse('["sky", "Cat", "sky"]') == ("cat", "sky")
    assert SEVERAL.parse("[]") == ()


@pytest.mark.parametrize("reply", ['"cat"', "{}", "cat", '["bird"]', "[1]", "[null]", '[["cat"]]'])
def test_other_replies_are_no_several_labels(reply: str) -> None:
    with pytest.raises(ReplyError):
        SEVERAL.parse(reply)


def test_a_long_list_travels_as_numbers_that_the_prompt_explains() -> None:
    answer = OneLabel(LONG)
    assert answer.response_config()["responseSchema"]["enum"][:3] == ["1", "2", "3"]
    assert answer.instruction().splitlines()[:2] == [
        "Answer with the number of one label:",
        "1 category 1",
    ]
    assert answer.parse("60") == "category 60"
    assert answer.parse("category 60") == answer.parse("60 category 60") == "category 60"
    for wrong in ("0", "61", "category 61", "6 0", "60 category 1"):
        with pytest.raises(ReplyError):
            answer.parse(wrong)
    assert SeveralLabels(LONG).parse('["2", "1"]') == ("category 1", "category 2")
    assert "numbers of all labels" in SeveralLabels(LONG).instruction()


def test_a_few_long_labels_travel_as_numbers_too() -> None:
    assert OneLabel(("a" * 900, "b" * 900)).forms()[0].labels is LabelForm.NUMBERS
    assert OneLabel(("a" * 700, "b" * 700)).forms()[0].labels is LabelForm.ENUM


def test_output_limits_fit_every_label() -> None:
    # Gemini takes about a token for four ASCII characters and at most one for any other.
    assert OneLabel(("a" * 40, "b")).max_output_tokens() >= 10
    assert OneLabel(("風" * 40, "b")).max_output_tokens() >= 40
    assert SEVERAL.max_output_tokens() >= 3 * 3
    assert OneLabel(LONG).max_output_tokens() < 40


@pytest.mark.parametrize("label", ["", " a", "a ", "a\nb", "a\tb", "\ud800", "a\x00"])
def test_a_label_that_no_reply_could_name_is_refused(label: str) -> None:
    with pytest.raises(TasksError, match="Write it plain"):
        grow([WrittenLabel("x"), WrittenLabel(label)])


def test_one_label_needs_a_choice_but_several_do_not() -> None:
    check_count(1, multiple=True)
    with pytest.raises(TasksError, match="2 to 50000"):
        check_count(1, multiple=False)


plain = st.text(min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text.isprintable()
)
label_lists = st.lists(plain, min_size=2, max_size=70, unique=True).map(tuple)


@given(label_lists, st.data())
def test_every_label_comes_back_from_its_own_reply(
    labels: tuple[str, ...], data: st.DataObject
) -> None:
    label = data.draw(st.sampled_from(labels))
    answer = OneLabel(labels)
    for form in answer.forms():
        name = label_names(labels, form.labels, form.first_number)[labels.index(label)]
        assert answer.parse(name, form) == label
        assert answer.read(name, form) == label


@given(label_lists, st.data())
def test_every_choice_of_labels_comes_back_in_order(
    labels: tuple[str, ...], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(labels), unique=True))
    answer = SeveralLabels(labels)
    for form in answer.forms():
        names = label_names(labels, form.labels, form.first_number)
        reply = json.dumps([names[labels.index(label)] for label in chosen])
        assert answer.parse(reply, form) == tuple(sorted(chosen, key=labels.index))


@given(st.text())
def test_no_reply_breaks_the_parsers(text: str) -> None:
    for answer in (ONE, SEVERAL, OneLabel(LONG)):
        try:
            assert answer.parse(text) is not None
        except ReplyError as error:
            assert len(str(error)) < 400


def test_a_pack_keeps_its_good_items() -> None:
    items = ONE.parse_packed('[{"image": 2, "answer": "city"}, {"image": 1, "answer": "town"}]', 2)
    assert items[2] == "city"
    assert isinstance(items[1], InvalidItem)
    assert "town" in items[1].why


def test_people_write_none_where_no_label_fits() -> None:
    """An empty cell says nothing, and a label of that name is a label."""
    kind = SeveralLabels(("cat", "dog"))
    assert kind.truth({"a": "None"}) == kind.truth({"a": "[]"}) == ()
    assert read_truth(kind, {"a": ""}) is None
    assert SeveralLabels(("cat", "none")).truth({"a": "None"}) == ("none",)
    with pytest.raises(MismatchError, match="'none' is not a label"):
        OneLabel(("cat", "dog")).truth({"a": "none"})
