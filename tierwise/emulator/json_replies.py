"""JSON documents and refusals as HTTP replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from tierwise.emulator.refusals import Refusal


def json_reply(
    document: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A document as a reply; bytes are taken as JSON that is written already."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return web.Response(
        status=status, body=body, content_type="application/json", headers=headers or {}
    )


def refusal_reply(refusal: Refusal) -> web.Response:
    """A refusal as a reply."""
    return json_reply(refusal.body(), refusal.status, refusal.headers)
