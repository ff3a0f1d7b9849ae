"""Replies with pictures: which one counts, and what its tokens are."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.gemini.reply import Reply, read_reply
from tierwise.records import Usage

IMAGE, TEXT = "IMAGE", "TEXT"


def part(data: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": data}, **more}


def reply(parts: list[Any] | None = None, **usage: Any) -> Reply:
    content = {} if parts is None else {"parts": parts}
    candidate = {"content": content, "finishReason": "STOP"}
    metadata = {"promptTokenCount": 10, **usage}
    return read_reply({"candidates": [candidate], "usageMetadata": metadata}, {})


def details(**tokens: int) -> dict[str, Any]:
    found = [{"modality": name, "tokenCount": count} for name, count in tokens.items()]
    return {"candidatesTokenCount": sum(tokens.values()), "candidatesTokensDetails": found}


def test_the_last_picture_that_is_no_thought_is_the_result() -> None:
    draft = part("draft", thought=True)
    found = reply([draft, part("one"), {"text": "and"}, part("two"), draft])
    assert (found.picture, found.text) == ("two", "and")


@pytest.mark.parametrize(
    "parts",
    [None, [], [{"text": "no"}], [part("draft", thought=True)], [part("")], [{"inlineData": None}]],
)
def test_without_one_there_is_none(parts: list[Any] | None) -> None:
    assert reply(parts).picture == ""


def test_pictures_and_words_are_told_apart_by_what_is_counted() -> None:
    found = reply([part("a")], thoughtsTokenCount=7, **details(IMAGE=1120, TEXT=30))
    assert found.usage == Usage(10, 0, 0, 1150, 7, 1120)
    words = reply([{"text": "no"}], **details(TEXT=30))
    assert (words.usage.output_tokens, words.usage.drawn_tokens) == (30, 0)


def test_what_is_not_told_apart_counts_as_picture() -> None:
    assert reply([part("a")], candidatesTokenCount=1150).usage.drawn_tokens == 1150
    assert reply([{"text": "no"}], candidatesTokenCount=30).usage.drawn_tokens == 0


@pytest.mark.parametrize("count", [1200, -1, "many"])
def test_counts_that_cannot_be_true_say_nothing(count: Any) -> None:
    told = [{"modality": IMAGE, "tokenCount": count}]
    found = reply([part("a")], candidatesTokenCount=1120, candidatesTokensDetails=told)
    assert not found.tells_usage


def test_words_of_a_refusal_are_read_where_google_puts_them() -> None:
    body = {"candidates": [{"finishReason": "NO_IMAGE", "finishMessage": "Unable to show it."}]}
    assert read_reply(body, {}).finish_message == "Unable to show it."
