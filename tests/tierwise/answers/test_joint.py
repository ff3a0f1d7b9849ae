"""Several answers in one reply: whatever form it has, each is read as it was written, or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import Dialect, Form, Layout, label_names
from tierwise.answers.joint import FORMS, Joint
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.replies import InvalidItem, MixedUpError, ReplyError
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text

SHADE = OneLabel(("dark", "bright", "unsure"))
FEW = SeveralLabels(("red", "green", "blue"))
DIGITS = OneLabel(("1", "2", "3", "4", "5", "6", "7"))
YEARS = OneLabel(tuple(str(number) for number in range(60)))
MANY = OneLabel(tuple(f"kind {number}" for number in range(120)))
SEVERAL_OF_MANY = SeveralLabels(tuple(f"part {number}" for number in range(80)))
TITLE, SLUG = Text(40), Text(30, slug=True)
FACTS = Struct(
    read_schema(
        {
            "type": "object",
            "properties": {
                "sure": {"type": "boolean"},
                "count": {"type": "integer", "minimum": 0, "maximum": 9},
                "share": {"type": ["number", "null"]},
                "kind": {"type": "string", "enum": ["a", "b"]},
                "words": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            },
            "required": ["sure", "kind"],
        }
    )
)
KINDS: dict[str, AnswerType] = {
    "shade": SHADE,
    "few": FEW,
    "digits": DIGITS,
    "years": YEARS,
    "many": MANY,
    "several_of_many": SEVERAL_OF_MANY,
    "title": TITLE,
    "slug": SLUG,
    "facts": FACTS,
}
ROWS, NAMED, OPENAPI, WORDS = FORMS
NUMBERS = (405, 241, 777)


def value_of(answer: AnswerType) -> st.SearchStrategy[Any]:
    if isinstance(answer, OneLabel):
        return st.sampled_from(answer.labels)
    if isinstance(answer, SeveralLabels):
        chosen = st.sets(st.sampled_from(answer.labels))
        return chosen.map(lambda some: tuple(label for label in answer.labels if label in some))
    if isinstance(answer, Text):
        if answer.slug:
            return st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)
        return st.text(min_size=1, max_size=40).filter(
            lambda text: text.strip() == text and not any("\ud800" <= s <= "\udfff" for s in text)
        )
    return st.fixed_dictionaries(
        {"sure": st.booleans(), "kind": st.sampled_from("ab")},
        optional={
            "count": st.integers(0, 9),
            "share": st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
            "words": st.lists(st.text("abc", max_size=5), max_size=3),
        },
    )


def written(answer: AnswerType, value: Any, form: Form) -> Any:
    """A value as a reply in this form says it."""
    labels = answer.options()
    if not labels:
        return value
    names: Sequence[Any] = label_names(labels, form.labels, form.first_number)
    if form.layout is Layout.ROWS:
        names = [int(name) for name in names]
    said = dict(zip(labels, names, strict=True))
    return [said[one] for one in value] if isinstance(value, tuple) else said[value]


def reply(joint: Joint, form: Form, rows: Sequence[Sequence[Any]], numbers: Sequence[int]) -> str:
    """The reply that says these values."""
    whole: list[Any] = []
    for number, row in zip(numbers or [0], rows, strict=True):
        cells = [
            written(answer, value, own)
            for (_, answer), value, own in zip(
                joint.parts, row, joint.part_forms(form), strict=True
            )
        ]
        if form.layout is Layout.ROWS:
            whole.append(([number] if numbers else []) + cells)
        else:
            named = dict(zip([name for name, _ in joint.parts], cells, strict=True))
            extra = next((n for n in _required(joint, form, numbers) if n not in named), None)
            whole.append(named | ({extra: number} if extra else {}))
    return json.dumps(whole if numbers else whole[0], ensure_ascii=False)


def _required(joint: Joint, form: Form, numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    told = joint.response_config(replace(form, dialect=Dialect.JSON_SCHEMA), len(numbers))
    return list(told["responseJsonSchema"]["items"]["required"])


def values_in(cells: Sequence[Any]) -> list[Any]:
    return [cell.value for cell in cells]


@given(
    st.data(),
    st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=6, unique=True),
    st.sampled_from(FORMS),
    st.integers(0, 3),
)
def test_what_was_written_is_read_back(
    data: st.DataObject, names: list[str], form: Form, images: int
) -> None:
    joint = Joint(tuple((name, KINDS[name]) for name in names))
    numbers = NUMBERS[:images] if images > 1 else ()
    rows = [
        [data.draw(value_of(answer)) for _, answer in joint.parts] for _ in range(len(numbers) or 1)
    ]
    text = reply(joint, form, rows, numbers)
    assert [values_in(cells) for cells in joint.read(text, form, numbers)] == rows
    if form.dialect is Dialect.JSON_SCHEMA:
        told = joint.response_config(form, len(numbers) or 1)["responseJsonSchema"]
        Draft202012Validator(told).validate(json.loads(text))


@given(
    st.data(),
    st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=8, unique=True),
    st.sampled_from(FORMS),
)
def test_the_order_of_images_in_a_reply_says_nothing(
    data: st.DataObject, names: list[str], form: Form
) -> None:
    joint = Joint(tuple((name, KINDS[name]) for name in names))
    rows = [[data.draw(value_of(answer)) for _, answer in joint.parts] for _ in NUMBERS]
    items = json.loads(reply(joint, form, rows, NUMBERS))
    text = json.dumps(data.draw(st.permutations(items)))
    assert [values_in(cells) for cells in joint.read(text, form, NUMBERS)] == rows


@pytest.mark.parametrize("answers", [(SHADE, DIGITS), (DIGITS, SHADE), (DIGITS, DIGITS)])
def test_a_number_in_the_place_of_another_question_is_no_answer(
    answers: tuple[AnswerType, ...],
) -> None:
    joint = Joint(tuple((f"q{place}", answer) for place, answer in enumerate(answers)))
    first, second = joint.part_forms(ROWS)
    for one in label_names(answers[0].options(), first.labels, first.first_number):
        for other in label_names(answers[1].options(), second.labels, second.first_number):
            [right] = joint.read(json.dumps([int(one), int(other)]), ROWS, ())
            assert not any(isinstance(cell.value, InvalidItem) for cell in right)
            for text in (json.dumps([int(other), int(one)]), json.dumps([other, one])):
                [cells] = joint.read(text, ROWS, ())
                assert all(isinstance(cell.value, InvalidItem) for cell in cells)


@given(st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=8, unique=True))
def test_no_number_stands_for_labels_of_two_questions(names: list[str]) -> None:
    joint = Joint(tuple((name, KINDS[name]) for name in names))
    said = [
        label_names(answer.options(), form.labels, form.first_number)
        for (_, answer), form in zip(joint.parts, joint.part_forms(ROWS), strict=True)
        if answer.options()
    ]
    every = [name for some in said for name in some]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("form", FORMS)
def test_no_number_or_code_is_itself_a_label(form: Form) -> None:
    joint = Joint((("years", YEARS), ("many", MANY)))
    own, _ = joint.part_forms(form)
    names = label_names(YEARS.labels, own.labels, own.first_number)
    assert names == YEARS.labels or not set(names) & set(YEARS.labels)


TWO = Joint((("shade", SHADE), ("title", TITLE)))


@pytest.mark.parametrize(
    "row", ["[1]", '[1, "x", 2]', "[]", "{}", "7", "null", '"dark"', '{"shade": "dark"}']
)
def test_a_row_of_another_length_has_no_answer_at_all(row: str) -> None:
    [cells] = TWO.read(row, ROWS, ())
    assert all(isinstance(cell.value, InvalidItem) for cell in cells)
    rows = (
        TWO.read(f'[[405, 2, "a"], [241, {row[1:]}]', ROWS, NUMBERS[:2])
        if (row in ("[1]", '[1, "x", 2]'))
        else []
    )
    if rows:
        assert values_in(rows[0]) == ["bright", "a"]
        assert all(isinstance(cell.value, InvalidItem) for cell in rows[1])


@pytest.mark.parametrize(
    ("row", "valid"),
    [
        ('[1, "a"]', [True, True]),
        ('[9, "a"]', [False, True]),
        ('[1, ""]', [True, False]),
        ("[true, 1]", [False, False]),
        ('[1.5, "a"]', [False, True]),
        ('["1", "a"]', [True, True]),
        ('["dark", "a"]', [False, True]),
        ("[null, null]", [False, False]),
        ('[[1], ["a"]]', [False, False]),
    ],
)
def test_a_cell_that_is_wrong_costs_its_neighbours_nothing(row: str, valid: list[bool]) -> None:
    [cells] = TWO.read(row, ROWS, ())
    assert [not isinstance(cell.value, InvalidItem) for cell in cells] == valid


def named(image: Any, **answers: Any) -> dict[str, Any]:
    return {"image": image, "shade": "dark", "title": "a"} | answers


@pytest.mark.parametrize("layout", [ROWS, NAMED])
@pytest.mark.parametrize(
    "numbers", [(405, 405), (405, 999), (405, 0), (405, 1), (1, 2), (405, None), (405, "241")]
)
def test_a_number_that_no_image_has_spoils_the_whole_reply(
    layout: Form, numbers: tuple[Any, Any]
) -> None:
    rows = [[number, 1, "a"] for number in numbers]
    objects = [named(number) for number in numbers]
    text = json.dumps(rows if layout is ROWS else objects)
    with pytest.raises(MixedUpError):
        TWO.read(text, layout, NUMBERS[:2])


@pytest.mark.parametrize("layout", [ROWS, NAMED])
@pytest.mark.parametrize("text", ["{}", "7", '"x"', "[1, 2]", "[null]", "not JSON", "[[405, 1, "])
def test_a_pack_without_rows_is_unusable(layout: Form, text: str) -> None:
    with pytest.raises(ReplyError):
        TWO.read(text, layout, NUMBERS[:2])


@pytest.mark.parametrize("layout", [ROWS, NAMED])
def test_an_image_without_a_row_has_no_answers(layout: Form) -> None:
    rows = [[241, 1, "a"]] if layout is ROWS else [named(241)]
    first, second = TWO.read(json.dumps(rows), layout, NUMBERS[:2])
    assert all(isinstance(cell.value, InvalidItem) for cell in first)
    assert values_in(second) == ["dark", "a"]


@pytest.mark.parametrize("form", [NAMED, OPENAPI, WORDS])
def test_a_property_that_is_missing_is_one_invalid_cell(form: Form) -> None:
    own = dict(zip(["shade", "title"], TWO.part_forms(form), strict=True))
    said = {"shade": written(SHADE, "dark", own["shade"])}
    [cells] = TWO.read(json.dumps(said), form, ())
    assert cells[0].value == "dark"
    assert isinstance(cells[1].value, InvalidItem)


@pytest.mark.parametrize("form", [NAMED, OPENAPI, WORDS])
@pytest.mark.parametrize("images", [0, 2])
def test_questions_may_be_called_like_anything(form: Form, images: int) -> None:
    parts = (("image", SHADE), ("image_", TITLE), ("answer", FEW), ("check", FACTS))
    joint = Joint(parts)
    facts = {"sure": True, "kind": "a"}
    rows = [["dark", "one", ("red",), facts], ["bright", "two", (), facts]][: images or 1]
    numbers = NUMBERS[:images]
    text = reply(joint, form, rows, numbers)
    assert [values_in(cells) for cells in joint.read(text, form, numbers)] == rows


@given(
    st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=8, unique=True),
    st.sampled_from(FORMS),
    st.sampled_from([1, 2, 50]),
)
def test_what_types_the_reply_is_a_schema_that_google_takes(
    names: list[str], form: Form, images: int
) -> None:
    joint = Joint(tuple((name, KINDS[name]) for name in names))
    config = joint.response_config(form, images)
    assert config["responseMimeType"] == "application/json"
    if form.dialect is Dialect.JSON_SCHEMA:
        schema = config["responseJsonSchema"]
        Draft202012Validator.check_schema(schema)
        types.GenerateContentConfig(response_json_schema=schema)
    elif form.dialect is Dialect.OPENAPI:
        found = types.Schema.model_validate(config["responseSchema"])
        types.GenerateContentConfig(response_schema=found)
        assert "prefixItems" not in json.dumps(config)
    else:
        assert set(config) == {"responseMimeType"}
        assert "JSON Schema" in joint.closing(form, images)


@given(
    st.data(),
    st.lists(st.sampled_from(list(KINDS)), min_size=2, max_size=8, unique=True),
    st.sampled_from(FORMS),
)
def test_each_cell_says_about_how_many_tokens_it_took(
    data: st.DataObject, names: list[str], form: Form
) -> None:
    joint = Joint(tuple((name, KINDS[name]) for name in names))
    row = [data.draw(value_of(answer)) for _, answer in joint.parts]
    [cells] = joint.read(reply(joint, form, [row], ()), form, ())
    assert all(cell.tokens >= 1 for cell in cells)


def test_the_ladder_has_an_end() -> None:
    form: Form | None = replace(ROWS, checked=True)
    seen = []
    while form:
        seen.append(replace(form, checked=False))
        assert form.checked
        form = TWO.next_form(form, 2)
    assert tuple(seen) == FORMS


def test_a_label_that_is_a_number_is_never_taken_for_another() -> None:
    """Who rates a picture with 7 means the label 7, whatever number it has in the list."""
    rating = OneLabel(tuple(map(str, range(1, 11))))
    joint = Joint((("ok", OneLabel(("yes", "no"))), ("rating", rating)))
    form = joint.forms()[0]
    assert [own.first_number for own in joint.part_forms(form)] == [1, 11]
    for number in range(1, 11):
        [cells] = joint.read(f"[1, {number}]", form, ())
        assert isinstance(cells[1].value, InvalidItem)
        [cells] = joint.read(f"[1, {number + 10}]", form, ())
        assert cells[1].value == str(number)
