"""The bytes of an object, all or a range of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from tierwise.emulator.refusals import Refusal

_PIECE = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def send_file(
    request: web.Request, path: Path, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Reply with what `Range` asks for, else with everything.

    Raises:
      Refusal: 416, the range begins behind the end.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start, end = _bounds(request.headers.get("Range", ""), size)
        response = web.StreamResponse(headers=headers)
        if (start, end) != (0, size) or "Range" in request.headers:
            response.set_status(HTTPStatus.PARTIAL_CONTENT)
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        response.content_length = left = end - start
        await response.prepare(request)
        file.seek(start)
        while left and (piece := file.read(min(_PIECE, left))):
            await response.write(piece)
            left -= len(piece)
    await response.write_eof()
    return response


def _bounds(told: str, size: int) -> tuple[int, int]:
    """The first byte and the one behind the last."""
    found = _RANGE.fullmatch(told)
    if not found or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        return max(0, size - int(found[2])), size
    start = int(found[1])
    if start >= size:
        raise Refusal(416, "The requested range cannot be satisfied.")
    return start, min(size, int(found[2]) + 1 if found[2] else size)
