"""Lines of a job's input, and lines of results in every form that was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import ServiceKind
from tierwise.gemini.batch.rows import RowError, read_row, request_line
from tierwise.gemini.compose import compose
from tierwise.gemini.service import Service

DEVELOPER = Service(ServiceKind.DEVELOPER)
VERTEX = Service(ServiceKind.VERTEX, project="p")
ANSWER = {"candidates": [{"content": {"parts": [{"text": "dark"}]}, "finishReason": "STOP"}]}
KEY = "t-0a1b"


def row(**line: Any) -> Any:
    return read_row(json.dumps(line).encode())


def test_a_line_for_the_developer_api_is_the_rest_shape_of_a_request(ask_of: Any) -> None:
    body = compose([ask_of(1)]).body
    line = request_line(KEY, body, DEVELOPER)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"key": KEY, "request": body}
    # These at the request's own level are refused with the whole file.
    assert set(body) == {"contents", "generationConfig"}
    assert {"mediaResolution", "thinkingConfig", "maxOutputTokens", "responseSchema"} <= set(
        body["generationConfig"]
    )


def test_a_line_for_vertex_has_its_key_beside_the_request_and_in_it(ask_of: Any) -> None:
    body = compose([ask_of(1)]).body
    line = json.loads(request_line(KEY, body, VERTEX))
    assert line == {"request": {**body, "labels": {"tierwise_key": KEY}}, "custom_id": KEY}
    assert "labels" not in body


@pytest.mark.parametrize("key", ["", "0", "000000", "T1", "a b", "a" * 64, "ä"])
def test_keys_that_would_not_come_back_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be a key"):
        request_line(key, {}, DEVELOPER)


def test_an_answer_of_the_developer_api() -> None:
    found = row(key=KEY, response=ANSWER, somethingNew={"a": [1]})
    assert (found.key, found.body, found.error) == (KEY, ANSWER, None)


def test_an_answer_that_came_within_the_job() -> None:
    found = row(metadata={"key": KEY}, response=ANSWER)
    assert (found.key, found.body) == (KEY, ANSWER)


def test_an_answer_of_vertex() -> None:
    request = {"contents": [], "labels": {"tierwise_key": KEY}}
    line = {"status": "", "processed_time": "2026-11-29T00:00:00Z", "request": request}
    assert row(**line, custom_id=KEY, response=ANSWER).key == KEY
    assert row(**line, response=ANSWER).key == KEY
    assert row(status="", custom_id=KEY, response=ANSWER).key == KEY
    assert row(**line, custom_id="t-other", response=ANSWER).key is None
    assert row(**line, custom_id=0, response=ANSWER).key is None


@pytest.mark.parametrize(
    ("response", "known"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, True),
        ({"usageMetadata": {"promptTokenCount": 300}}, True),  # nothing said, and yet paid
        ({}, False),
        ({"candidates": []}, False),
        (None, False),
    ],
)
def test_what_makes_a_response(response: Any, known: bool) -> None:
    found = row(key=KEY, response=response)
    assert (found.body is not None) is known
    assert (found.error is None) is known


DETAILS = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"}]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"error": {"code": 400, "message": "bad\nimage", "details": DETAILS}}, (400, "bad image")),
        ({"error": {"code": 13, "message": "internal", "details": DETAILS}}, (500, "internal")),
        ({"status": {"code": 8, "message": "exhausted"}}, (429, "exhausted")),
        ({"error": "it broke"}, (0, "it broke")),
        ({"error": {"message": "no code"}}, (0, "no code")),
        ({"error": {"code": 3}}, (400, '{"code":3}')),
        ({"status": "Bad Request: " + json.dumps({"error": {"code": 400, "message": "m"}})}, None),
        ({"status": 'Bad Request: {"error": {"message": "m"}}'}, None),
        ({"status": 'Bad Request: {"err'}, (400, 'Bad Request: {"err')),
        ({"status": "Internal Server Error"}, (500, "Internal Server Error")),
        ({"status": "", "response": {}}, (0, "there is neither a response nor an error")),
        ({"status": 5}, (0, "there is neither a response nor an error")),
    ],
)
def test_what_failed(line: Any, error: tuple[int, str] | None) -> None:
    found = row(key=KEY, **line)
    assert (found.key, found.body) == (KEY, None)
    assert found.error == RowError(*(error or (400, "m")))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"3", b'{"key": "\xff"}', b"\x00"])
def test_what_is_no_object_belongs_to_nobody(line: bytes) -> None:
    found = read_row(line)
    assert (found.key, found.body, found.raw) == (None, None, line)
    assert found.error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below),
    max_leaves=8,
)
NAMES = ["key", "custom_id", "metadata", "request", "response", "error", "status"]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)))
def test_reading_is_total_and_tells_one_of_two(line: dict[str, Any]) -> None:
    found = row(**line)
    assert (found.body is None) != (found.error is None)
    assert found.key is None or json.dumps(found.key)[1:-1] in json.dumps(line)


@given(st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True))
def test_a_key_comes_back(key: str) -> None:
    for service in (DEVELOPER, VERTEX):
        line = json.loads(request_line(key, {"contents": []}, service))
        assert row(**line, response=ANSWER).key == key
