"""Serves `generateContent` fast enough not to be measured, in a process of its own.

Raw asyncio: 0.1 ms per request with a 40 KB image, most of it for the sha256. What it was asked,
and what it answered with a 200 and would have billed, is told at `GET /counts`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import math
import random
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

_REFUSAL_S = 0.05
_LOOKS = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the stub answers.

    Latency is log-normal with this mean and sigma (0 is fixed). `unavailable` and `hang` are shares
    of requests. `per_second` is a quota, 0 for none: as many requests in any second (`sliding`), in
    each second of the clock (`fixed`), or spread evenly with a burst of five (`bucket`).
    """

    mean_ms: float = 800.0
    sigma: float = 0.5
    unavailable: float = 0.0
    hang: float = 0.0
    per_second: int = 0
    quota: str = "sliding"
    seed: int = 1

    def arguments(self) -> list[str]:
        """These settings as a command line."""
        return [f"--{name}={value}" for name, value in asdict(self).items()]


@dataclass(slots=True)
class Counts:
    """What the stub saw; times are seconds of its own clock."""

    statuses: Counter[str] = field(default_factory=Counter)
    paid: Counter[bytes] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    began: float = 0.0
    accepted: float = 0.0
    ended: float = 0.0
    body_bytes: int = 0

    def document(self) -> dict[str, Any]:
        """What is told; `span_s` reaches from the first request to the last 200."""
        return {
            "requests": sum(self.statuses.values()),
            "statuses": self.statuses,
            "most_in_flight": self.most_in_flight,
            "body_bytes": self.body_bytes,
            "span_s": self.ended - self.began,
            "accepted_span_s": self.accepted - self.began,
            "images_paid": len(self.paid),
            "answers_paid": sum(self.paid.values()),
            "paid_again": sum(count - 1 for count in self.paid.values()),
        }


class Quota:
    """Whether one more request may pass now."""

    def __init__(self, per_second: int, kind: str) -> None:
        self._most = per_second
        self._kind = kind
        self._passed: deque[float] = deque()
        self._tokens, self._filled = 5.0, 0.0

    def passes(self, now: float) -> bool:
        """Count a request that passes; refused ones use up nothing."""
        if not self._most:
            return True
        if self._kind == "bucket":
            self._tokens = min(5.0, self._tokens + (now - self._filled) * self._most)
            self._filled = now
            self._tokens -= (taken := self._tokens >= 1.0)
            return taken
        oldest = math.floor(now) if self._kind == "fixed" else now - 1.0
        while self._passed and self._passed[0] < oldest:
            self._passed.popleft()
        if len(self._passed) >= self._most:
            return False
        self._passed.append(now)
        return True


class Stub:
    """Decides about each request; knows nothing of connections."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._quota = Quota(behaviour.per_second, behaviour.quota)
        self._random = random.Random(behaviour.seed)
        self.counts = Counts()

    def decide(self, body: bytes, now: float) -> tuple[float | None, int, bytes]:
        """Seconds until the reply, its status and its body; None never replies."""
        self.counts.began = self.counts.began or now
        self.counts.body_bytes += len(body)
        if not self._quota.passes(now):
            return _REFUSAL_S, 429, _refusal(429)
        self.counts.accepted = now
        chance = self._random.random()
        if chance < self._behaviour.hang:
            self.counts.statuses["hung"] += 1
            return None, 0, b""
        if chance < self._behaviour.hang + self._behaviour.unavailable:
            return _REFUSAL_S, 503, _refusal(503)
        document = orjson.loads(body)
        return self._latency_s(), 200, self._answer(document)

    def _latency_s(self) -> float:
        sigma = self._behaviour.sigma
        scale = self._random.lognormvariate(-sigma * sigma / 2, sigma) if sigma else 1.0
        return self._behaviour.mean_ms * scale / 1000

    def _answer(self, document: dict[str, Any]) -> bytes:
        images = list(_images(document))
        for image in images:
            self.counts.paid[image] += 1
        config = document.get("generationConfig", {})
        schema = config.get("responseSchema") or config.get("responseJsonSchema") or {}
        choice = images[0][0] if images else 0
        value = _value(schema, choice, len(images))
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        return orjson.dumps(_reply(text, len(images)))


class _Connection(asyncio.Protocol):
    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _length(bytes(self._buffer[:head]).lower())
        if len(self._buffer) < head + 4 + length:
            return
        first = bytes(self._buffer[:4])
        body = bytes(self._buffer[head + 4 : head + 4 + length])
        del self._buffer[: head + 4 + length]
        if first == b"GET ":
            self._send(200, orjson.dumps(self._stub.counts.document()))
        else:
            self._take(body)

    def _take(self, body: bytes) -> None:
        counts = self._stub.counts
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        delay, status, reply = self._stub.decide(body, time.monotonic())
        if delay is not None:
            asyncio.get_running_loop().call_later(delay, self._finish, status, reply)

    def _finish(self, status: int, reply: bytes) -> None:
        counts = self._stub.counts
        counts.in_flight -= 1
        counts.statuses[str(status)] += 1
        if status == 200:
            counts.ended = time.monotonic()
        self._send(status, reply)

    def _send(self, status: int, body: bytes) -> None:
        after = "Retry-After: 1\r\n" if status == 429 else ""
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{after}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if not self._transport.is_closing():
            self._transport.write(head.encode() + body)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _images(document: dict[str, Any]) -> Any:
    for content in document.get("contents", []):
        for part in content.get("parts", []):
            if inline := part.get("inlineData") or part.get("inline_data"):
                yield hashlib.sha256(base64.b64decode(inline["data"], b"-_")).digest()


def _value(schema: dict[str, Any], choice: int, images: int) -> Any:
    """A small value that fits a schema; lists get an item per image."""
    if "enum" in schema:
        return schema["enum"][choice % len(schema["enum"])]
    kind = str(schema.get("type", "string")).lower()
    if kind == "array":
        return [_value(schema["items"], choice, number) for number in range(1, images + 1)]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _value(inner, choice, images) for name, inner in properties.items()}
    return {"integer": images, "number": 0.5, "boolean": True}.get(kind, "city")


def _reply(text: str, images: int) -> dict[str, Any]:
    prompt, answer = 40 + 258 * images, max(1, len(text) // 4)
    details = [
        {"modality": "TEXT", "tokenCount": 40},
        {"modality": "IMAGE", "tokenCount": 258 * images},
    ]
    content = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": answer,
            "totalTokenCount": prompt + answer,
            "promptTokensDetails": details,
        },
        "modelVersion": "gemini-3.1-flash-lite",
        "responseId": "stub",
    }


def _refusal(status: int) -> bytes:
    error = {"code": status, "message": "as arranged", "status": _LOOKS[status]}
    return orjson.dumps({"error": error})


async def _serve(behaviour: Behaviour) -> None:
    stub = Stub(behaviour)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stub), "127.0.0.1", 0, backlog=2048)
    print("http://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


def main() -> None:
    """Print the address once it listens, then serve until killed."""
    parser = argparse.ArgumentParser()
    for setting in fields(Behaviour):
        kind = type(setting.default)
        parser.add_argument(f"--{setting.name}", type=kind, default=setting.default)
    asyncio.run(_serve(Behaviour(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
