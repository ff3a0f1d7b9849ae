import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.labels import OneLabel
from tierwise.answers.replies import (
    InvalidItem,
    MixedUpError,
    ReplyError,
    Value,
    read_json,
    unfenced,
)

LABELS = ("cat", "dog", "sky")
ANSWER = OneLabel(LABELS)


def packed(*items: object) -> dict[int, Value | InvalidItem]:
    return ANSWER.parse_packed(json.dumps(items), 3)


def item(image: object, answer: object = "cat") -> dict[str, object]:
    return {"image": image, "answer": answer}


def test_items_are_mapped_by_number_not_by_order() -> None:
    assert packed(item(3, "sky"), item(1, "cat"), item(2, "dog")) == {1: "cat", 2: "dog", 3: "sky"}


def test_a_missing_item_costs_only_its_image() -> None:
    items = packed(item(1), item(3))
    assert (items[1], items[3]) == ("cat", "cat")
    assert items[2] == InvalidItem("the reply has no item for this image")


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ((0, 1, 2), "an item for image 0 of 3"),
        ((1, 2, 3, 4), "an item for image 4 of 3"),
        ((2, 3, 4), "an item for image 4 of 3"),
        ((1, 2, 2, 3), "two items for image 2"),
        ((1, 2, -3), "an item for image -3 of 3"),
        ((1, 2, 10**40), "of 3"),
    ],
)
def test_numbers_that_cannot_be_make_the_whole_reply_unusable(
    numbers: tuple[int, ...], why: str
) -> None:
    with pytest.raises(ReplyError, match=why):
        packed(*map(item, numbers))


WORDS = ("kbtw", "rvzs", "mncd")


def checked(*words: object) -> dict[int, Value | InvalidItem]:
    items = [item(number) | {"check": word} for number, word in enumerate(words, start=1)]
    return ANSWER.parse_packed(json.dumps(items), 3, checks=WORDS)


def test_items_that_repeat_their_images_words_are_taken() -> None:
    assert checked("kbtw", " RVZS ", "mncd") == {1: "cat", 2: "cat", 3: "cat"}
    assert isinstance(checked("kbtw", "rvzs")[3], InvalidItem)


@pytest.mark.parametrize(
    "words",
    [
        ("rvzs", "kbtw", "mncd"),
        ("rvzs", "mncd", "kbtw"),
        ("kbtw", "rvzs", "rvzs"),
        ("kbtw", "", "mncd"),
        ("kbtw", None, "mncd"),
        ("kbtw", ["rvzs"], "mncd"),
    ],
)
def test_words_of_other_images_make_the_whole_reply_unusable(words: tuple[object, ...]) -> None:
    with pytest.raises(MixedUpError, match="repeats"):
        checked(*words)


@pytest.mark.parametrize("number", ["2", 2.0, True, None, [2], {"a": 2}])
def test_an_item_without_a_whole_number_belongs_to_no_image(number: object) -> None:
    items = packed(item(1), item(number), item(3))
    assert isinstance(items[2], InvalidItem)
    assert items[1] == "cat"


@pytest.mark.parametrize("wrong", [7, None, "cat", [], {"image": 2}, {"image": 2, "answer": 5}])
def test_a_malformed_item_costs_only_its_image(wrong: object) -> None:
    items = packed(item(1), wrong, item(3))
    assert isinstance(items[2], InvalidItem)
    assert (items[1], items[3]) == ("cat", "cat")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat",
        "[",
        '[{"image": 1, "answ',
        "{}",
        "null",
        '{"image": 1, "answer": "cat"}',
        "[" * 9999,
    ],
)
def test_a_reply_that_is_no_list_is_unusable(text: str) -> None:
    with pytest.raises(ReplyError):
        ANSWER.parse_packed(text, 3)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": 1, "a": 2}', "1" * 5000])
def test_json_that_json_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ReplyError, match="not JSON"):
        read_json(text)


@pytest.mark.parametrize(
    "fence", ["```json\n{}\n```", "```\n{}\n```", " \n{}\n ", "```json\n{}```"]
)
def test_a_fence_around_the_reply_is_taken_off(fence: str) -> None:
    body = '[{"image": 1, "answer": "dog"}]'
    assert unfenced(fence.format(body)) == body
    assert ANSWER.parse_packed(fence.format(body), 1) == {1: "dog"}


numbers = st.integers(-2, 6) | st.text(max_size=2) | st.none() | st.floats() | st.booleans()
items = st.fixed_dictionaries({}, optional={"image": numbers, "answer": st.sampled_from(LABELS)})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below),
    max_leaves=5,
)


@given(st.lists(items | json_values, max_size=8), st.integers(1, 5))
def test_every_image_has_exactly_one_outcome(reply: list[object], images: int) -> None:
    if not _is_json(reply):
        return
    numbers = [found.get("image") for found in reply if isinstance(found, dict)]
    whole = [number for number in numbers if type(number) is int]
    try:
        outcome = ANSWER.parse_packed(json.dumps(reply), images)
    except ReplyError:
        assert len(set(whole)) < len(whole) or not set(whole) <= set(range(1, images + 1))
        return
    assert list(outcome) == list(range(1, images + 1))
    for image, answer in outcome.items():
        named = [
            found
            for found in reply
            if isinstance(found, dict)
            and type(found.get("image")) is int
            and found["image"] == image
        ]
        if isinstance(answer, str):
            assert [found["answer"] for found in named] == [answer]
        else:
            assert len(named) != 1 or named[0].get("answer") not in LABELS


@given(st.text())
def test_no_text_breaks_a_pack(text: str) -> None:
    try:
        assert set(ANSWER.parse_packed(text, 2)) == {1, 2}
    except ReplyError as error:
        assert str(error)


@given(st.permutations(list(enumerate(["cat", "dog", "sky", "cat", "dog"], start=1))))
def test_order_never_matters(pairs: list[tuple[int, str]]) -> None:
    reply = json.dumps([item(image, answer) for image, answer in pairs])
    assert ANSWER.parse_packed(reply, 5) == dict(pairs)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
