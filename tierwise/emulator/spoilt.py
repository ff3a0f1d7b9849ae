"""Replies of a form that nobody expects: nulls, text for numbers, wrong encodings, endless bodies.

All of them have been billed by the time that they are spoilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from tierwise.emulator.faults import Fault

_JSON = "application/json"
_PAGE = b"<html><head><title>Sign in</title></head><body>Sign in to this network.</body></html>"


@dataclass(frozen=True, slots=True)
class Spoilt:
    """The bytes of a reply; `padding` megabytes of blanks follow before its last byte."""

    body: bytes
    status: int = 200
    content_type: str = _JSON
    padding: int = 0


def spoil(document: dict[str, Any], fault: Fault | None) -> Spoilt:
    """A `GenerateContentResponse` as bytes, spoilt where the fault is of that kind."""
    if fault is None:
        return Spoilt(orjson.dumps(document))
    settings = fault.settings
    if fault.kind == "latin1":
        return Spoilt(_with_umlaut(document).decode().encode("latin-1", "replace"))
    if fault.kind == "bad_charset":
        charset = f"{_JSON}; charset={settings['charset']}"
        return Spoilt(_with_umlaut(document), content_type=charset)
    if fault.kind == "not_json":
        return Spoilt(_PAGE, settings["status"], "text/html")
    if fault.kind == "huge_body":
        return Spoilt(orjson.dumps(document), padding=settings["megabytes"])
    if fault.kind == "no_usage":
        document.pop("usageMetadata")
    if fault.kind == "string_counts":
        document["usageMetadata"] = _as_text(document["usageMetadata"])
    if fault.kind == "null_candidate":
        _put_null(document, settings["where"])
    return Spoilt(orjson.dumps(document))


def _with_umlaut(document: dict[str, Any]) -> bytes:
    """So that the encoding makes a difference."""
    return orjson.dumps({**document, "note": "für"})


def _as_text(value: Any) -> Any:
    """Whole numbers as text, as Google writes 64-bit ones elsewhere."""
    if isinstance(value, dict):
        return {name: _as_text(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_as_text(below) for below in value]
    return str(value) if isinstance(value, int) else value


def _put_null(document: dict[str, Any], where: str) -> None:
    if where == "candidates":
        document["candidates"] = None
    elif where == "candidate":
        document["candidates"] = [None]
    elif where == "usage":
        document["usageMetadata"] = None
    elif where == "details":
        document["usageMetadata"]["promptTokensDetails"] = None
    elif candidates := document.get("candidates"):
        content = candidates[0]["content"]
        if where == "content":
            candidates[0]["content"] = None
        elif where == "parts":
            content["parts"] = None
        elif where == "part":
            content["parts"] = [None]
        else:
            content["parts"] = [{"text": None}]
