"""What servers do that nobody expects, asked of the emulator on both paths by the real client."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.tierwise.emulator.conftest import MODEL

DEVELOPER = f"/v1beta/models/{MODEL}:generateContent"
VERTEX = f"/v1beta1/projects/p/locations/global/publishers/google/models/{MODEL}:generateContent"
PATHS = pytest.mark.parametrize("path", [DEVELOPER, VERTEX])
LABELS = ["dark", "bright"]
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
BEARER = {"Authorization": "Bearer any"}


def clients(emulator: Any) -> Iterator[genai.Client]:
    yield emulator.developer()
    yield emulator.vertex()


def pack_of(*pictures: bytes, answer: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {
        "image": {"type": "INTEGER"},
        "answer": answer or {"type": "STRING", "enum": LABELS},
    }
    parts: list[dict[str, Any]] = [{"text": "How light?"}]
    for number, data in enumerate(pictures, start=1):
        encoded = base64.b64encode(data).decode()
        parts.append({"text": f"Image {number}:"})
        parts.append({"inlineData": {"mimeType": "image/jpeg", "data": encoded}})
    schema = {"type": "ARRAY", "items": {"type": "OBJECT", "properties": properties}}
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def raw(emulator: Any, path: str, body: object) -> tuple[int, bytes, dict[str, str]]:
    host = emulator.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        connection.request("POST", path, json.dumps(body), BEARER)
        reply = connection.getresponse()
        return reply.status, reply.read(), {k.lower(): v for k, v in reply.getheaders()}


def text_of(reply: Any) -> str:
    return str(reply["candidates"][0]["content"]["parts"][0]["text"])


def struck(emulator: Any) -> list[int]:
    told = emulator.send("/emulator/faults", method="GET")[1]
    return [fault["struck"] for fault in told["faults"]]


def refusal(client: genai.Client) -> errors.APIError:
    with pytest.raises(errors.APIError) as refused:
        client.models.generate_content(model=MODEL, contents="Hello")
    return refused.value


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"kind": "one403"}, 403, "permission"),
        ({"kind": "refuse_all", "message": "No such field."}, 400, "No such field."),
        ({"kind": "refuse_all", "status": 404}, 404, "invalid argument"),
        ({"kind": "prepaid_depleted"}, 429, "prepayment credits are depleted"),
        ({"kind": "spend_limit"}, 429, '"180s"'),
        ({"kind": "retry_info_long"}, 429, '"40000s"'),
        ({"kind": "null_details"}, 503, "overloaded"),
        ({"kind": "null_details", "details": "violations", "status": 429}, 429, '["x"]'),
    ],
)
def test_refusals(emulator: Any, fault: dict[str, Any], code: int, words: str) -> None:
    for client in clients(emulator):
        emulator.faults(fault)
        refused = refusal(client)
        assert refused.code == code
        assert words in json.dumps(refused.details) + str(refused.message)
        assert struck(emulator) == [1]
    assert emulator.bill()["requests"] == 0


def test_one_403_is_one(emulator: Any) -> None:
    for client in clients(emulator):
        emulator.faults({"kind": "one403", "after": 1})
        assert client.models.generate_content(model=MODEL, contents="Hello").text
        assert refusal(client).code == 403
        assert client.models.generate_content(model=MODEL, contents="Hello").text


def test_a_spend_limit_of_dollars_lets_through_what_is_below(emulator: Any) -> None:
    for client in clients(emulator):
        emulator.send("/emulator/reset", b"")
        emulator.faults({"kind": "spend_limit", "usd": 1e-9, "window_s": 600})
        assert client.models.generate_content(model=MODEL, contents="Hello").text
        assert refusal(client).code == 429
        emulator.faults({"kind": "spend_limit", "usd": 1e-9, "window_s": 0})
        assert client.models.generate_content(model=MODEL, contents="Hello").text


@pytest.mark.parametrize("reason", [reason.value for reason in types.FinishReason])
def test_every_finish_reason(emulator: Any, reason: str) -> None:
    emulator.faults({"kind": "blocked_answer", "finish_reason": reason})
    for client in clients(emulator):
        reply = client.models.generate_content(model=MODEL, contents="Hello")
        assert reply.candidates is not None
        assert (reply.candidates[0].finish_reason, reply.text) == (types.FinishReason(reason), None)
    assert emulator.bill()["requests"] == 2


@pytest.mark.parametrize("reason", [reason.value for reason in types.BlockedReason])
def test_every_block_reason(emulator: Any, reason: str) -> None:
    emulator.faults({"kind": "blocked_prompt", "block_reason": reason})
    for client in clients(emulator):
        reply = client.models.generate_content(model=MODEL, contents="Hello")
        assert reply.prompt_feedback is not None
        assert reply.prompt_feedback.block_reason == types.BlockedReason(reason)


@PATHS
@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("candidates", None),
        ("candidate", [None]),
        ("usage", None),
        ("details", None),
        ("content", None),
        ("parts", None),
        ("part", [None]),
        ("text", [{"text": None}]),
    ],
)
def test_nulls(emulator: Any, path: str, where: str, left: object) -> None:
    emulator.faults({"kind": "null_candidate", "where": where})
    reply = json.loads(raw(emulator, path, HELLO)[1])
    candidates, usage = reply["candidates"], reply["usageMetadata"]
    found = {
        "candidates": candidates,
        "candidate": candidates,
        "usage": usage,
        "details": (usage or {}).get("promptTokensDetails"),
    }
    if where not in found:
        content = candidates[0]["content"]
        found[where] = content if where == "content" else content["parts"]
    assert found[where] == left
    assert emulator.bill()["requests"] == 1


@PATHS
def test_usage_that_is_missing_or_text(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "no_usage"})
    assert "usageMetadata" not in json.loads(raw(emulator, path, HELLO)[1])
    emulator.faults({"kind": "string_counts"})
    usage = json.loads(raw(emulator, path, HELLO)[1])["usageMetadata"]
    assert usage["promptTokenCount"] == str(emulator.log()[-1]["tokens"]["input_tokens"])
    assert emulator.bill()["requests"] == 2


@PATHS
def test_bytes_that_are_not_what_they_say(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "latin1"})
    with pytest.raises(UnicodeDecodeError):
        raw(emulator, path, HELLO)[1].decode()
    emulator.faults({"kind": "bad_charset"})
    assert raw(emulator, path, HELLO)[2]["content-type"] == "application/json; charset=undefined"
    emulator.faults({"kind": "not_json", "status": 503})
    status, body, headers = raw(emulator, path, HELLO)
    assert (status, body[:6], headers["content-type"]) == (503, b"<html>", "text/html")
    assert emulator.bill()["requests"] == 3


@PATHS
def test_a_huge_body_is_still_json(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "huge_body", "megabytes": 3})
    body = raw(emulator, path, HELLO)[1]
    assert len(body) > 3 * 1024**2
    assert json.loads(body)["candidates"]


@PATHS
def test_a_body_that_ends_half_way_is_billed(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "cut_body"})
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        raw(emulator, path, HELLO)
    assert emulator.bill()["requests"] == 1


@PATHS
def test_a_black_hole_accepts_and_never_answers(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "black_hole", "count": 1})
    host = emulator.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=0.3)
    connection.request("POST", path, json.dumps(HELLO), BEARER)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert (emulator.bill()["requests"], struck(emulator)) == (0, [1])
    assert (emulator.log()[-1]["fault"], emulator.log()[-1]["status"]) == ("black_hole", 0)
    assert raw(emulator, path, HELLO)[0] == 200


@PATHS
def test_a_redirect_leads_elsewhere(emulator: Any, path: str) -> None:
    arrived = list[str]()

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(self.path)
            self.send_error(500)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        location = f"http://127.0.0.1:{server.server_port}/stolen"
        emulator.faults({"kind": "redirect", "location": location})
        status, _, headers = raw(emulator, path, HELLO)
        server.shutdown()
    assert (status, headers["location"]) == (307, location)
    assert arrived == []


@PATHS
def test_items_of_a_pack_that_was_mixed_up(emulator: Any, picture: Any, path: str) -> None:
    pictures = [picture(colour=colour) for colour in ("black", "white", "black")]
    right = [(1, "dark"), (2, "bright"), (3, "dark")]
    for fault, wanted in (
        ({"kind": "zero_based"}, [(0, "dark"), (1, "bright"), (2, "dark")]),
        ({"kind": "shifted"}, [(1, "bright"), (2, "dark"), (3, "dark")]),
        ({"kind": "shifted", "count": 0}, right),
    ):
        emulator.faults(fault)
        items = json.loads(text_of(json.loads(raw(emulator, path, pack_of(*pictures))[1])))
        assert [(item["image"], item["answer"]) for item in items] == wanted
    emulator.faults({"kind": "swapped"})
    items = json.loads(text_of(json.loads(raw(emulator, path, pack_of(*pictures))[1])))
    assert [item["image"] for item in items] == [1, 2, 3]
    assert sorted(item["answer"] for item in items) == ["bright", "dark", "dark"]
    assert items[1]["answer"] == "dark"
    # One picture alone cannot be mixed up with another.
    emulator.faults({"kind": "shifted"})
    assert raw(emulator, path, pack_of(pictures[1]))[0] == 200
    assert struck(emulator) == [0]


@PATHS
def test_one_label_repeated_to_the_limit(emulator: Any, picture: Any, path: str) -> None:
    emulator.faults({"kind": "repeated_label"})
    several = {"type": "ARRAY", "items": {"type": "STRING", "enum": LABELS}}
    body = pack_of(picture(), answer=several)
    body["generationConfig"]["maxOutputTokens"] = 100
    reply = json.loads(raw(emulator, path, body)[1])
    assert reply["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert text_of(reply).count('"dark"') > 20 > text_of(reply).count('"bright"')
    assert reply["usageMetadata"]["candidatesTokenCount"] == 100
    assert raw(emulator, path, pack_of(picture()))[0] == 200
    assert struck(emulator) == [1]


@PATHS
def test_an_empty_answer_that_says_it_is_done(emulator: Any, path: str) -> None:
    emulator.faults({"kind": "empty_stop"})
    reply = json.loads(raw(emulator, path, HELLO)[1])
    assert reply["candidates"][0]["finishReason"] == "STOP"
    assert "parts" not in reply["candidates"][0]["content"]


@PATHS
def test_enums_above_a_limit_are_refused(emulator: Any, picture: Any, path: str) -> None:
    emulator.faults({"kind": "enum_limit", "values": 3, "characters": 40})
    for labels, status in (
        (["a", "b", "c"], 200),
        (["a", "b", "c", "d"], 400),
        (["a" * 20, "b" * 20], 200),
        (["a" * 20, "b" * 21], 400),
    ):
        body = pack_of(picture(), answer={"type": "STRING", "enum": labels})
        found, reply, _ = raw(emulator, path, body)
        assert found == status
        assert status == 200 or b"too many states" in reply
    assert struck(emulator) == [2]


@PATHS
@pytest.mark.parametrize(
    ("refuses", "status"),
    [(["minimum"], 200), (["enum"], 400), (["responseSchema"], 400), (["schema"], 400)],
)
def test_schemas_are_refused_for_what_they_hold(
    emulator: Any, picture: Any, path: str, refuses: list[str], status: int
) -> None:
    emulator.faults({"kind": "schema_limit", "refuses": refuses})
    assert raw(emulator, path, pack_of(picture()))[0] == status
    assert raw(emulator, path, HELLO)[0] == 200


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"kind": "black_hole", "sha256": "0" * 64}, 'black_hole knows no "sha256"'),
        ({"kind": "null_candidate", "where": "nowhere"}, "where: 'nowhere'"),
        ({"kind": "schema_limit", "refuses": ["oneOf"]}, "refuses: 'oneOf'"),
        ({"kind": "refuse_all", "status": 200}, "status: 200"),
    ],
)
def test_bad_settings_are_refused(emulator: Any, fault: dict[str, Any], text: str) -> None:
    status, reply, _ = emulator.send("/emulator/faults", {"faults": [fault]}, method="PUT")
    assert status == 400
    assert text in reply["error"]["message"]
