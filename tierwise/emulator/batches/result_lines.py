"""Lines of results as each service writes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from tierwise.emulator.batches.rows import Row

# google.rpc.Code of the HTTP status that each is mapped to.
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}
_IDENTITY = ("key", "metadata")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def developer_line(
    row: Row, status: int, body: Mapping[str, Any], struck: Collection[str], under: str
) -> bytes:
    """`{"key", "response"}`, or `{"key", "error"}`, where `under` may put `status` for `error`."""
    kept = () if "batch_key_lost" in struck else _IDENTITY
    identity = {name: row.line[name] for name in kept if name in row.line}
    if status == HTTPStatus.OK:
        return orjson.dumps(identity | {"response": body})
    error = body["error"]
    found = {"code": CODES.get(status, 2), "message": error["message"]}
    details = {"details": error["details"]} if error.get("details") else {}
    return orjson.dumps(identity | {under: found | details})


def vertex_line(
    row: Row, status: int, body: Mapping[str, Any], struck: Collection[str], now: datetime
) -> bytes:
    """`{"status", "processed_time", "request", "response"}` and what stood beside the request.

    The request is echoed; a text beside it that looks like a number becomes one, as observed by
    OpenRouterTeam/docs on 2026-09-02. A row that failed has a status and no response.
    """
    beside = {name: value for name, value in row.line.items() if name != "request"}
    kept = {} if "batch_key_lost" in struck else {k: _coerced(v) for k, v in beside.items()}
    line: dict[str, Any] = kept | {
        "status": "",
        "processed_time": now.isoformat(timespec="milliseconds"),
    }
    line["request"] = row.line["request"]
    if status == HTTPStatus.OK:
        line["response"] = body
    else:
        line["status"] = f"{_phrase(status)}: {orjson.dumps(body).decode()}"
    return orjson.dumps(line)


def _coerced(value: Any) -> Any:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    return float(value) if "." in value else int(value)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
