"""Requests that ask for a word beside their answer, and replies without it again."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tierwise.gemini.batch.asked_and_come import every_kind
from tierwise.answers.forms import Dialect, LabelForm
from tierwise.answers.joint import FORMS, Joint
from tierwise.answers.replies import ReplyError, read_json
from tierwise.gemini.batch.echo import Echo, echo_word, echoed, is_anothers, unwrapped
from tierwise.gemini.compose import compose
from tierwise.gemini.reply import read_reply
from tierwise.gemini.settle import Ask, answers_of, form_of

WORD = echo_word("t-0a1b")
MOST = 65_536


def response(text: str, *, finish: str = "STOP") -> dict[str, Any]:
    parts = [{"text": "let me see", "thought": True}, {"text": text, "thoughtSignature": "cw=="}]
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish}],
        "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 9},
        "modelVersion": "m",
    }


def said(text: str) -> str:
    """The text of a reply to an echoed request that says so, without its word."""
    body, echo = unwrapped(response(text), WORD)
    assert echo is Echo.RIGHT
    return read_reply(body, {}).text


def wrapped(answer: Any, word: str = WORD, **how: Any) -> str:
    return json.dumps({"check": word, "answer": answer}, **how)


def with_form(asks: list[Ask], form: Any) -> list[Ask]:
    return [replace(ask, form=form) for ask in asks]


def all_kinds(ask_of: Any) -> dict[str, list[Ask]]:
    """A request of every kind that there is, in every form of its own."""
    found = {}
    for name, asks, forms in every_kind(ask_of):
        for form in forms:
            found[f"{name}, {form}"] = with_form(asks, form)
        found[f"{name}, checked"] = with_form(asks, replace(forms[0], checked=True))
    return found


def test_every_kind_of_request_gets_the_same_wrapping(ask_of: Any) -> None:
    kinds = all_kinds(ask_of)
    assert len(kinds) > 25
    for name, asks in kinds.items():
        body = compose(asks).body
        before = copy.deepcopy(body)
        sent = echoed(body, WORD, MOST)
        assert body == before, name
        config, plain = sent["generationConfig"], body["generationConfig"]
        assert config["responseMimeType"] == "application/json", name
        assert config["maxOutputTokens"] > plain["maxOutputTokens"], name
        # All that was there comes first, as it was; the word is in the last text alone.
        parts = sent["contents"][0]["parts"]
        assert parts[:-1] == body["contents"][0]["parts"], name
        assert WORD in parts[-1]["text"], name
        assert WORD not in json.dumps(config), name
        same = ("mediaResolution", "thinkingConfig")
        assert [config.get(key) for key in same] == [plain.get(key) for key in same], name
        in_words = form_of(asks).dialect is Dialect.WORDS
        schema = config.get("responseSchema") or config.get("responseJsonSchema")
        if in_words and plain["responseMimeType"] == "application/json":
            assert schema is None, name
            assert f'{{"check": "{WORD}", "answer": that JSON}}' in parts[-1]["text"], name
            continue
        assert schema["required"] == schema["propertyOrdering"] == ["check", "answer"], name
        assert list(schema["properties"]) == ["check", "answer"], name
        inner = plain.get("responseSchema") or plain.get("responseJsonSchema")
        assert schema["properties"]["answer"] == (inner or {"type": "STRING"}), name


def test_a_label_keeps_its_enum_and_loses_its_mime_type(ask_of: Any) -> None:
    body = compose([ask_of(1)]).body
    assert body["generationConfig"]["responseMimeType"] == "text/x.enum"
    assert echoed(body, WORD, MOST)["generationConfig"]["responseSchema"] == {
        "type": "OBJECT",
        "properties": {
            "check": {"type": "STRING"},
            "answer": {"type": "STRING", "enum": ["dark", "bright"]},
        },
        "required": ["check", "answer"],
        "propertyOrdering": ["check", "answer"],
    }


@pytest.mark.parametrize("limit", [40, 4_096])
def test_no_more_output_is_asked_for_than_the_model_has(ask_of: Any, limit: int) -> None:
    body = compose([ask_of(1)]).body
    body["generationConfig"]["maxOutputTokens"] = limit
    asked = echoed(body, WORD, 4_096)["generationConfig"]["maxOutputTokens"]
    assert asked == (88 if limit == 40 else 4_096)


def test_answers_are_read_as_if_no_word_had_been_asked_for(ask_of: Any) -> None:
    """Through the readers of the answers themselves."""
    assert ask_of(1).task.answer.parse(said(wrapped("bright"))) == "bright"
    numbers = replace(form_of([ask_of(1)]), labels=LabelForm.NUMBERS)
    assert ask_of(1).task.answer.parse(said(wrapped("2")), numbers) == "bright"
    found = ask_of(1, task="found").task.answer
    assert found.parse(said(wrapped({"thing": "a cat"}))) == {"thing": "a cat"}
    named = ask_of(1, task="named").task.answer
    assert named.parse(said(wrapped('Fog, "early"'))) == 'Fog, "early"'
    items = [{"image": 1, "answer": "dark"}, {"image": 2, "answer": "bright"}]
    assert ask_of(1).task.answer.parse_packed(said(wrapped(items)), 2) == {1: "dark", 2: "bright"}
    asks = [ask_of(1), ask_of(1, task="found")]
    joint = answers_of(asks)
    assert isinstance(joint, Joint)
    rows = joint.read(said(wrapped([1, {"thing": "x"}])), FORMS[0], ())
    assert [cell.value for cell in rows[0]] == ["dark", {"thing": "x"}]


JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    lambda below: (
        st.lists(below | st.text(), max_size=3)
        | st.dictionaries(st.text(max_size=8), below | st.text(), max_size=3)
    ),
    max_leaves=10,
)


@given(JSON, st.sampled_from([None, 2]), st.booleans(), st.booleans())
def test_json_comes_out_as_it_was_written(
    answer: Any, indent: int | None, ascii_alone: bool, fenced: bool
) -> None:
    alone = json.dumps(answer, indent=indent, ensure_ascii=ascii_alone)
    whole = f'{{"check": "{WORD}",\n"answer" : {alone}}}'
    whole = f"```json\n{whole}\n```" if fenced else whole
    assert said(whole) == alone
    assert read_json(said(whole)) == answer


@given(st.text())
def test_text_comes_out_as_it_was_meant(answer: str) -> None:
    if answer.strip():
        assert said(wrapped(answer)) == answer


def test_what_is_wrong_within_an_answer_is_left_to_its_reader() -> None:
    twice = said(f'{{"check": "{WORD}", "answer": {{"a": 1, "a": 2}}}}')
    with pytest.raises(ReplyError):
        read_json(twice)
    assert said(f'{{"check": "{WORD}", "answer": 1e999}}') == "1e999"


def test_all_else_in_the_response_stays() -> None:
    came = response(wrapped({"a": 1}))
    before = copy.deepcopy(came)
    body, _ = unwrapped(came, WORD)
    assert came == before
    parts = body["candidates"][0]["content"]["parts"]
    assert parts == [
        {"text": "let me see", "thought": True},
        {"text": '{"a": 1}', "thoughtSignature": "cw=="},
    ]
    assert body["usageMetadata"] == came["usageMetadata"]


def test_a_reply_in_pieces_is_one() -> None:
    came = response("")
    text = wrapped("bright")
    parts = [{"text": text[:9]}, {"thoughtSignature": "cw=="}, {"text": text[9:]}]
    came["candidates"][0]["content"]["parts"] = parts
    body, echo = unwrapped(came, WORD)
    assert (read_reply(body, {}).text, echo) == ("bright", Echo.RIGHT)


@pytest.mark.parametrize("word", [WORD.upper(), f" {WORD} "])
def test_a_word_may_be_written_otherwise(word: str) -> None:
    assert unwrapped(response(wrapped("x", word)), WORD)[1] is Echo.RIGHT


@pytest.mark.parametrize(
    "text",
    [
        *("dark", "{}", "[]", "3", '"x"', "{1: 2, 3: 4}", '{"check"', "{" * 100_000),
        *(json.dumps({"check": WORD}), '{"answer": "dark"}', wrapped("dark", "zzzz")),
        *(wrapped("dark") + " so", wrapped("dark")[:-1], wrapped("\ud800")),
        *('{"check": 3, "answer": 1}', f'{{"check": "{WORD}", "check": "{WORD}"}}'),
        f'{{"check": "{WORD}", "answer": 1, "answer": 2}}',
    ],
)
def test_a_reply_without_its_word_stays_as_it_came(text: str) -> None:
    came = response(text)
    assert unwrapped(came, WORD) == (came, Echo.WRONG)


@pytest.mark.parametrize(
    "came",
    [
        response(wrapped("dark")[:20], finish="MAX_TOKENS"),
        response("", finish="SAFETY"),
        response(""),
        {"promptFeedback": {"blockReason": "SAFETY"}},
        {},
        {"candidates": [3, {"content": None}]},
    ],
)
def test_where_nothing_was_answered_no_word_is_missed(came: dict[str, Any]) -> None:
    assert unwrapped(came, WORD) == (came, Echo.UNTOLD)


def test_words_follow_from_keys_and_differ() -> None:
    words = {echo_word(f"t-{number:05x}") for number in range(20_000)}
    assert len(words) > 19_960  # of 16^6 words; 12 pairs are expected to share one
    assert all(word.isalpha() and word.islower() and len(word) == 6 for word in words)


@pytest.mark.parametrize(
    ("text", "anothers"),
    [
        (f'{{"check": "{WORD}", "answer": "a", "why": "b"}}', False),
        (f'{{"check": "{WORD}", "answer": "cut \\ud83d"}}', False),
        ('{"check": "nobody", "answer": "a"}', False),
        (wrapped("a", echo_word("t-0a1c")), True),
        ('{"check": "", "answer": "a"}', True),
        ("dark", True),
    ],
)
def test_a_slip_with_the_own_word_is_no_sign_of_another_row(text: str, anothers: bool) -> None:
    words = {WORD, echo_word("t-0a1c")}
    assert unwrapped(response(text), WORD)[1] is Echo.WRONG
    assert is_anothers(response(text), WORD, words) is anothers
