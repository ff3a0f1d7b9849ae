"""A request as a line of a job's input, and a line of its results read back.

Results come in any order and are known by their keys alone, never by their place. Vertex AI has no
key of its own: it gives back what stands beside the request, and the request with its labels, so
the key travels as both and both must agree.

What failed stands in `error`, or in `status`: an object of Google's, or on Vertex AI the words
`Bad Request: {"error": {...}}`. Nothing is taken for granted, as in `tierwise.gemini.call_error`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from tierwise.gemini.service import Service
from tierwise.gemini.wire import WireJson

_LABEL = "tierwise_key"
# What a label's value may be; numbers alone come back changed ("000000" as 0).
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_LONGEST_MESSAGE = 500
# What makes a response one: it holds an answer, says why there is none, or what was paid.
_TOLD = ("candidates", "promptFeedback", "usageMetadata")
# The codes of google.rpc.Code as HTTP has them (google/rpc/code.proto).
_HTTP_CODES = {
    **{1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429},
    **{9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401},
}
_PHRASES = {status.phrase.lower(): int(status) for status in HTTPStatus}
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row has no response: an HTTP status, 0 where none is told, and Google's words."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of results: exactly one of `body` and `error` is there.

    `key` is None where the line does not say for sure whose it is. `body` is what
    `generateContent` replies with. `raw` is the line as it came.
    """

    key: str | None
    body: WireJson | None
    error: RowError | None
    raw: bytes


def request_line(key: str, body: WireJson, service: Service) -> bytes:
    """A line of input, with its line end; `body` is that of `generateContent`.

    Raises:
        ValueError: the key is not one that both services give back as it was.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be a key: at most 63 of a-z, 0-9, _ and -, a-z first")
    line: WireJson
    if service.vertex:
        request = {**body, "labels": {**body.get("labels", {}), _LABEL: key}}
        line = {"request": request, "custom_id": key}
    else:
        line = {"key": key, "request": body}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def read_row(line: bytes) -> Row:
    """A line of results of either service; total, whatever stands there."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _failed(None, 0, "the line is not JSON", line)
    if not isinstance(found, dict):
        return _failed(None, 0, "the line is not a JSON object", line)
    key, response = _key(found), found.get("response", found)
    if isinstance(response, dict) and any(response.get(name) for name in _TOLD):
        return Row(key, response, None, line)
    error = _error(found.get("error")) or _error(found.get("status"))
    return Row(key, None, error or RowError(0, "there is neither a response nor an error"), line)


def _failed(key: str | None, code: int, message: str, line: bytes) -> Row:
    return Row(key, None, RowError(code, message), line)


def _key(line: Mapping[str, Any]) -> str | None:
    """What all places for a key agree on."""
    found = [key for key in _keys(line) if key not in (None, "")]
    agreed = found and all(key == found[0] for key in found)
    return found[0] if agreed and isinstance(found[0], str) else None


def _keys(line: Mapping[str, Any]) -> Iterator[Any]:
    yield line.get("key")
    yield line.get("custom_id")
    yield _object(line.get("metadata")).get("key")  # of results that came within the job
    yield _object(_object(line.get("request")).get("labels")).get(_LABEL)


def _error(said: Any) -> RowError | None:
    """An error in any of its forms; None where there is none."""
    if isinstance(said, str):
        return _in_words(said)
    inner = _object(said).get("error", said)
    if not isinstance(inner, Mapping) or not inner:
        return None
    code, message = inner.get("code"), inner.get("message")
    words = message if isinstance(message, str) and message else orjson.dumps(inner).decode()
    return RowError(_http_code(code), _in_one_line(words))


def _in_words(text: str) -> RowError | None:
    """An error as Vertex AI writes it: an HTTP phrase, often with Google's JSON behind it."""
    words, brace, behind = text.strip().partition("{")
    if not words and not brace:
        return None
    code = _PHRASES.get(words.strip(" :").lower(), 0)
    try:
        embedded = _error(orjson.loads(brace + behind)) if brace else None
    except orjson.JSONDecodeError:
        embedded = None
    if embedded:
        return RowError(embedded.code or code, embedded.message)
    return RowError(code, _in_one_line(text))


def _http_code(code: Any) -> int:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 3:
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        return 0
    return _HTTP_CODES.get(code, code if 400 <= code <= 599 else 0)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def _in_one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_MESSAGE]
