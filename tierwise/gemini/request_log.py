"""A sample of what was sent and what came back, for debugging: no pictures, no secrets.

Each line is one request: the body as it was sent, with the sha256 and size of each picture in the
place of its bytes, and Google's reply or refusal. Headers that prove who asks are never looked at;
where Google quotes a key, it is hidden.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from tierwise.gemini.announcing import names_of
from tierwise.gemini.call_error import CallError
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.settle import Ask
from tierwise.gemini.wire import WireJson
from tierwise.records import ServiceTier

_HEADERS = ("retry-after", "x-gemini-service-tier")


class RequestLog:
    """Keeps the first `most` requests that were answered, and as many that were not."""

    def __init__(self, most: int, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._left = {True: most, False: most}
        self._write = write

    async def note(
        self,
        asks: Sequence[Ask],
        body: WireJson,
        tier: ServiceTier,
        came: RawReply | CallError,
        hide: Callable[[str], str],
    ) -> None:
        """Keep this one, if it is among the first; `hide` takes our key out of a text."""
        answered = isinstance(came, RawReply)
        if not self._left[answered]:
            return
        self._left[answered] -= 1
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "model": asks[0].route.model,
            "service_tier": tier,
            "task": names_of(asks),
            "request_ids": [ask.request_id for ask in asks],
            "attempts": asks[0].attempts,
            "request": without_bytes(body),
            **(_reply(came) if isinstance(came, RawReply) else _failure(came)),
        }
        await self._write(hide(orjson.dumps(line).decode()).encode() + b"\n")


def without_bytes(value: Any) -> Any:
    """The same JSON with the sha256 and size of inline data in its place.

    >>> sorted(without_bytes([{"inlineData": {"data": "AAAA"}}])[0]["inlineData"])
    ['bytes', 'sha256']
    """
    if isinstance(value, Mapping):
        return {
            name: _digest(below) if name in ("inlineData", "inline_data") else without_bytes(below)
            for name, below in value.items()
        }
    return [without_bytes(one) for one in value] if isinstance(value, list) else value


def _digest(blob: Any) -> Any:
    """Of a picture, or of whatever a reply has in its place."""
    if not isinstance(blob, Mapping) or not isinstance(blob.get("data", ""), str):
        return "no inline data"
    try:
        data = base64.b64decode(blob.get("data", ""))
    except ValueError:  # no base64
        data = b""
    kept = {name: value for name, value in blob.items() if name != "data"}
    return {**kept, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _reply(raw: RawReply) -> dict[str, Any]:
    return {
        "status": 200,
        "latency_ms": raw.latency_ms,
        "headers": _headers(raw.headers),
        "reply": without_bytes(raw.body),
    }


def _failure(error: CallError) -> dict[str, Any]:
    return {
        "status": error.status,
        "headers": _headers(error.headers),
        "error": str(error),
        "reply": without_bytes(error.body),
    }


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _HEADERS if name in headers}
