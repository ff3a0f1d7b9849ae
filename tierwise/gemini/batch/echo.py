"""A word that each row of a job repeats, so that an answer under the wrong key is noticed.

Results were seen under keys of other requests (googleapis/python-genai#1909). So a request asks for
its answer together with a word that follows from its key:

    asked for      sent in a job                          came back              read as
    a label        {"check": "bmzntk", "answer": label}   the same as JSON       the label
    JSON           {"check": "bmzntk", "answer": JSON}                           the JSON
    plain text     {"check": "bmzntk", "answer": string}                         the text

The word stands at the very end, so that rows still begin alike. It is told in no schema, which
would write it into any answer, and all rows of a job share one schema.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from enum import StrEnum
from typing import Any

from tierwise.answers.replies import unfenced
from tierwise.gemini.finish import Finish, finish_of
from tierwise.gemini.reply import read_reply
from tierwise.gemini.wire import WireJson
from tierwise.wording import check_word

# `{"check": "bmzntk", "answer": ` and the brace, with line ends, and signs that JSON escapes.
_TOKENS_AROUND = 48
# Sixteen letters each: of 200,000 rows, the most in a job, about one in a hundred shares its word.
_LETTERS = 6
_OPENAPI, _JSON_SCHEMA = "responseSchema", "responseJsonSchema"
_CHECK, _ANSWER = "check", "answer"
_SPACE = " \t\r\n"


class Echo(StrEnum):
    """Whether a reply repeats its word; UNTOLD where it has no answer that could."""

    RIGHT = "right"
    WRONG = "wrong"
    UNTOLD = "untold"


def echo_word(key: str) -> str:
    """The word of a key: the same whenever it is asked.

    >>> echo_word("t-00")
    'fcfbbg'
    """
    return check_word(key, 0, _LETTERS)


def echoed(body: WireJson, word: str, most_output_tokens: int) -> WireJson:
    """A copy of a request body that asks for the same answer together with a word.

    `most_output_tokens` is what the model allows.
    """
    config = dict(body["generationConfig"])
    plain = config.get("responseMimeType") != "application/json"
    tell = ""
    if _JSON_SCHEMA in config:
        config[_JSON_SCHEMA] = _wrapped(config[_JSON_SCHEMA], "object", "string")
    elif _OPENAPI in config or plain:
        inner = config.get(_OPENAPI, {"type": "STRING"})
        config[_OPENAPI] = _wrapped(inner, "OBJECT", "STRING")
        config["responseMimeType"] = "application/json"
    else:
        tell = f' Reply with nothing but {{"{_CHECK}": "{word}", "{_ANSWER}": that JSON}}.'
    limit = config["maxOutputTokens"] + _TOKENS_AROUND
    config["maxOutputTokens"] = max(config["maxOutputTokens"], min(limit, most_output_tokens))
    asked = (
        f"Put all that is asked for above into `{_ANSWER}`, and the word {word} into `{_CHECK}`."
    )
    *before, last = body["contents"]
    last = {**last, "parts": [*last["parts"], {"text": asked + tell}]}
    return {**body, "contents": [*before, last], "generationConfig": config}


def unwrapped(body: Mapping[str, Any], word: str) -> tuple[Mapping[str, Any], Echo]:
    """A response as it would have been without the word, and whether the word was repeated.

    Unless the word is right, it is the response as it came.
    """
    reply = read_reply(body, {})
    if finish_of(reply) is not Finish.ANSWER:
        return body, Echo.UNTOLD
    try:
        members = list(_members(unfenced(reply.text)))
    except (ValueError, RecursionError):
        return body, Echo.WRONG
    told = {name: value for name, value, _ in members}
    repeated = told.get(_CHECK)
    if len(members) != 2 or _ANSWER not in told or not isinstance(repeated, str):
        return body, Echo.WRONG
    if repeated.strip().casefold() != word.casefold():
        return body, Echo.WRONG
    written = next(text for name, _, text in members if name == _ANSWER)
    answer = told[_ANSWER] if isinstance(told[_ANSWER], str) else written
    if any("\ud800" <= sign <= "\udfff" for sign in answer):  # half a sign, which no JSON holds
        return body, Echo.WRONG
    return _saying(body, answer), Echo.RIGHT


def is_anothers(body: Mapping[str, Any], word: str, words: Container[str]) -> bool:
    """Whether a reply that does not repeat its word rightly is one to another row.

    It is where it gives a word of another row's, or none. Its own word in a wrong form, and a word
    that no row has, are slips of the model's.

    Args:
        body: the response.
        word: its own.
        words: those of all rows of the job.
    """
    told = _told_word(body)
    return told != word and (not told or told in words)


def _told_word(body: Mapping[str, Any]) -> str:
    """The word that a reply gives, right or wrong, in small letters; empty where it gives none."""
    try:
        told = {name: value for name, value, _ in _members(unfenced(read_reply(body, {}).text))}
    except (ValueError, RecursionError):
        return ""
    word = told.get(_CHECK)
    return word.strip().casefold() if isinstance(word, str) and _ANSWER in told else ""


def _wrapped(inner: WireJson, of_object: str, of_string: str) -> WireJson:
    """The schema of a word and an answer; the word comes first, before it can be forgotten."""
    names = [_CHECK, _ANSWER]
    properties = {_CHECK: {"type": of_string}, _ANSWER: inner}
    return {
        "type": of_object,
        "properties": properties,
        "required": names,
        "propertyOrdering": names,
    }


def _members(text: str) -> Iterator[tuple[str, Any, str]]:
    """The members of a JSON object: name, value, and the value as it is written.

    So numbers and repeated keys of an answer reach its own reader as they came. Raises
    `ValueError` for anything but one object.
    """
    decoder, at, mark = json.JSONDecoder(), 0, "{"
    while mark != "}":
        at = _behind(text, at, mark)
        name, at = decoder.raw_decode(text, _skip(text, at))
        if not isinstance(name, str):
            raise ValueError(f"a member without a name at {at}")  # noqa: TRY004 - not the caller's
        start = _skip(text, _behind(text, at, ":"))
        value, at = decoder.raw_decode(text, start)
        yield name, value, text[start:at]
        at = _skip(text, at)
        mark = "," if text[at : at + 1] == "," else "}"
    if _behind(text, at, mark) != len(text):
        raise ValueError("text behind the object")


def _behind(text: str, at: int, mark: str) -> int:
    """The place behind a mark that must stand here, whatever space before it."""
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"no {mark} at {at}")
    return at + 1


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _saying(body: Mapping[str, Any], answer: str) -> WireJson:
    """The response with this as its only text; thoughts and all else stay."""
    place, candidate = next(
        (place, one) for place, one in enumerate(body["candidates"]) if isinstance(one, Mapping)
    )
    texts, parts = iter([answer]), list[Any]()
    for part in candidate["content"]["parts"]:
        spoken = isinstance(part, Mapping) and not part.get("thought") and "text" in part
        parts.append({**part, "text": next(texts, "")} if spoken else part)
    content = {**candidate["content"], "parts": parts}
    candidates = list(body["candidates"])
    candidates[place] = {**candidate, "content": content}
    return {**body, "candidates": candidates}
