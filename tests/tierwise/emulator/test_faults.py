"""The faults document, and every fault as a client meets it."""

from __future__ import annotations

import base64
import http.client
import json
import time
from hashlib import sha256
from typing import Any

import pytest
from google.genai import errors

from tierwise.emulator.faults import read_faults, read_faults_file
from tierwise.errors import InputError

MODEL = "gemini-3.1-flash-lite"
LABELS = ["dark", "bright"]
PATH = f"/v1beta/models/{MODEL}:generateContent"


def body_of(*pictures: bytes) -> dict[str, Any]:
    answer = {"type": "STRING", "enum": LABELS}
    item = {"type": "OBJECT", "properties": {"image": {"type": "INTEGER"}, "answer": answer}}
    parts: list[dict[str, Any]] = [{"text": "How light?"}]
    for data in pictures:
        encoded = base64.b64encode(data).decode()
        parts.append({"inlineData": {"mimeType": "image/jpeg", "data": encoded}})
    schema = {"type": "ARRAY", "items": item}
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    return {"contents": [{"parts": parts}], "generationConfig": config}


def text_of(reply: dict[str, Any]) -> str:
    text: str = reply["candidates"][0]["content"]["parts"][0]["text"]
    return text


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], 'not {"faults"'),
        ({"faults": [], "sed": 1}, 'unknown key "sed"'),
        ({"faults": [{"kind": "flood"}]}, "faults[0].kind: 'flood'"),
        ({"faults": [{"kind": "internal", "rte": 1}]}, 'internal knows no "rte"'),
        ({"faults": [{"kind": "internal", "rate": 2}]}, "rate: 2 is above 1"),
        ({"faults": [{"kind": "internal", "count": -1}]}, "count: -1 is below 0"),
        ({"faults": [{"kind": "internal", "count": "x"}]}, "count: 'x'"),
        ({"faults": [{"kind": "internal", "sha256": ["ab"]}]}, "64 hex digits"),
        ({"faults": [{"kind": "wrong_items", "how": "lost"}]}, "how: 'lost'"),
        ({"faults": [{"kind": "quota", "requests_per_second": 0}]}, "lets nothing through"),
    ],
)
def test_bad_documents_are_refused(emulator: Any, document: Any, text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_faults(document, "--faults f.json")
    assert text in str(refused.value)
    status, reply, _ = emulator.send("/emulator/faults", document, method="PUT")
    assert status == 400
    assert text in reply["error"]["message"]


def test_faults_file_that_is_none(tmp_path: Any) -> None:
    (tmp_path / "f.json").write_text("{")
    for name in ("f.json", "missing.json"):
        with pytest.raises(InputError, match=name):
            read_faults_file(tmp_path / name)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("rate_limited", 429, "RESOURCE_EXHAUSTED"),
        ("daily_quota", 429, "RESOURCE_EXHAUSTED"),
        ("spend_limit", 429, "RESOURCE_EXHAUSTED"),
        ("internal", 500, "INTERNAL"),
        ("unavailable", 503, "UNAVAILABLE"),
        ("deadline", 504, "DEADLINE_EXCEEDED"),
        ("unauthorized", 401, "UNAUTHENTICATED"),
        ("forbidden", 403, "PERMISSION_DENIED"),
        ("model_gone", 404, "NOT_FOUND"),
        ("bad_image", 400, "INVALID_ARGUMENT"),
    ],
)
def test_refusals(emulator: Any, kind: str, code: int, status: str) -> None:
    emulator.faults({"kind": kind, "count": 1})
    for client in (emulator.developer(), emulator.vertex()):
        with pytest.raises(errors.APIError) as refused:
            client.models.generate_content(model=MODEL, contents="Hello")
        assert (refused.value.code, refused.value.status) == (code, status)
        assert emulator.log()[-1]["fault"] == kind
        emulator.faults({"kind": kind, "count": 1})
    assert emulator.bill()["total_usd"] == "0.000000000"


def test_count_is_for_the_first_requests_only(emulator: Any) -> None:
    emulator.faults({"kind": "unavailable", "count": 2, "after": 1})
    hello = {"contents": [{"parts": [{"text": "Hello"}]}]}
    assert [emulator.ask(hello)[0] for _ in range(5)] == [200, 503, 503, 200, 200]


def test_rate_limit_says_how_long_to_wait(emulator: Any, picture: Any) -> None:
    fault = {"kind": "rate_limited", "retry_after_s": 7, "retry_after_header": True}
    emulator.faults(fault)
    status, reply, headers = emulator.send(PATH, body_of(picture()))
    assert status == 429
    details = {d["@type"].rsplit(".", 1)[1]: d for d in reply["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "7s"
    assert "PerMinute" in details["QuotaFailure"]["violations"][0]["quotaId"]
    assert headers["Retry-After"] == "7"


def test_daily_quota_says_that_it_is_over(emulator: Any, picture: Any) -> None:
    emulator.faults({"kind": "daily_quota"})
    details = emulator.ask(body_of(picture()))[1]["error"]["details"]
    assert [d["@type"].rsplit(".", 1)[1] for d in details] == ["QuotaFailure"]
    assert "GenerateRequestsPerDayPerProjectPerModel" in details[0]["violations"][0]["quotaId"]


def test_quota_caps_the_rate(emulator: Any) -> None:
    emulator.faults({"kind": "quota", "requests_per_second": 5})
    hello = {"contents": [{"parts": [{"text": "Hello"}]}]}
    got = [emulator.send(PATH, hello) for _ in range(20)]
    statuses = [status for status, _, _ in got]
    assert 5 <= statuses.count(200) < 10
    assert statuses.count(429) == 20 - statuses.count(200)
    assert next(headers for status, _, headers in got if status == 429)["Retry-After"] == "1"


def test_blocked_prompt_bills_input_only(emulator: Any, picture: Any) -> None:
    emulator.faults({"kind": "blocked_prompt", "block_reason": "PROHIBITED_CONTENT"})
    status, reply = emulator.ask(body_of(picture()))
    assert status == 200
    assert reply["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    assert "candidates" not in reply
    bill = emulator.bill()
    assert (bill["requests"], bill["output_tokens"]) == (1, 0)
    assert bill["input_tokens"] == reply["usageMetadata"]["promptTokenCount"] > 1000


def test_blocked_answer_bills_what_was_written(emulator: Any, picture: Any) -> None:
    emulator.faults({"kind": "blocked_answer", "finish_reason": "RECITATION"})
    _, reply = emulator.ask(body_of(picture()))
    assert reply["candidates"][0]["finishReason"] == "RECITATION"
    assert "parts" not in reply["candidates"][0]["content"]
    assert emulator.bill()["output_tokens"] > 0


@pytest.mark.parametrize(
    ("kind", "reason"), [("truncated_json", "STOP"), ("max_tokens", "MAX_TOKENS")]
)
def test_cut_answers(emulator: Any, picture: Any, kind: str, reason: str) -> None:
    emulator.faults({"kind": kind})
    _, reply = emulator.ask(body_of(picture()))
    assert reply["candidates"][0]["finishReason"] == reason
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(text_of(reply))
    billed = emulator.bill()["output_tokens"]
    assert billed == reply["usageMetadata"]["candidatesTokenCount"] > 0


@pytest.mark.parametrize(
    ("how", "numbers"),
    [
        ("missing", [1, 3]),
        ("extra", [1, 2, 3, 4]),
        ("repeated", [1, 1, 3]),
        ("reordered", [3, 2, 1]),
    ],
)
def test_wrong_items(emulator: Any, picture: Any, how: str, numbers: list[int]) -> None:
    pictures = [picture(colour=colour) for colour in ("red", "green", "blue")]
    second = sha256(pictures[1]).hexdigest()
    emulator.faults({"kind": "wrong_items", "how": how, "sha256": [second]})
    items = json.loads(text_of(emulator.ask(body_of(*pictures))[1]))
    assert [item["image"] for item in items] == numbers
    untouched = json.loads(text_of(emulator.ask(body_of(pictures[0]))[1]))
    assert [item["image"] for item in untouched] == [1]


def test_answer_outside_the_labels(emulator: Any, picture: Any) -> None:
    pictures = [picture(colour=colour) for colour in ("red", "green")]
    emulator.faults({"kind": "outside_labels", "sha256": sha256(pictures[0]).hexdigest()})
    first, second = json.loads(text_of(emulator.ask(body_of(*pictures))[1]))
    assert first["answer"] not in LABELS
    assert second["answer"] in LABELS


def test_sha256_hits_whatever_carries_the_picture(emulator: Any, picture: Any) -> None:
    pictures = [picture(colour=colour) for colour in ("red", "green")]
    emulator.faults({"kind": "bad_image", "sha256": [sha256(pictures[1]).hexdigest()]})
    sent = [body_of(*pictures), body_of(pictures[0]), body_of(pictures[1])]
    assert [emulator.ask(body)[0] for body in sent] == [400, 200, 400]


def test_model_selects(emulator: Any) -> None:
    emulator.faults({"kind": "internal", "model": "gemini-3.5-flash-lite"})
    hello = {"contents": [{"parts": [{"text": "Hello"}]}]}
    assert emulator.ask(hello)[0] == 200
    assert emulator.ask(hello, "gemini-3.5-flash-lite")[0] == 500


@pytest.mark.parametrize("billed", [True, False])
def test_dropped_connection(emulator: Any, picture: Any, *, billed: bool) -> None:
    emulator.faults({"kind": "drop", "billed": billed})
    with pytest.raises((ConnectionError, http.client.HTTPException, OSError)):
        emulator.ask(body_of(picture()))
    assert emulator.bill()["requests"] == int(billed)
    assert emulator.log()[0]["fault"] == "drop"


@pytest.mark.parametrize("billed", [True, False])
def test_hang(emulator: Any, picture: Any, *, billed: bool) -> None:
    emulator.faults({"kind": "hang", "billed": billed, "count": 1})
    host = emulator.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=0.3)
    connection.request("POST", PATH, json.dumps(body_of(picture())), {"x-goog-api-key": "any"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert emulator.bill()["requests"] == int(billed)
    assert emulator.ask(body_of(picture()))[0] == 200


def test_latency(emulator: Any) -> None:
    emulator.faults({"kind": "latency", "ms": 80}, {"kind": "internal", "count": 1})
    hello = {"contents": [{"parts": [{"text": "Hello"}]}]}
    for wanted in (500, 200):
        start = time.monotonic()
        assert emulator.ask(hello)[0] == wanted
        assert time.monotonic() - start >= 0.08
