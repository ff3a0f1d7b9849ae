"""What travels between this process and the helper: JSON and raw bytes, nothing executable.

A frame is two lengths (4 and 8 bytes, big-endian), a JSON object, and a body. Pickle would let a
helper whose decoder was taken over by a crafted file run code in its parent.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.picture import Features, Picture
from tierwise.records import ImageSettings, Reason

_LENGTHS = struct.Struct(">IQ")


@dataclass(frozen=True, slots=True)
class Request:
    """One file for the helper: count its images (no settings), or shrink one page of it.

    `detail` has the fine detail of the page measured; `alone` grants all the memory of the limits,
    while no other helper has it.
    """

    data: bytes
    name: str
    page: int
    settings: tuple[ImageSettings, ...]
    limits: Limits
    detail: bool = False
    alone: bool = False


HelperReply = int | list[Picture] | ImageError


def write_request(stream: IO[bytes], request: Request) -> None:
    """Send a request."""
    head = {
        "name": request.name,
        "page": request.page,
        "settings": [asdict(setting) for setting in request.settings],
        "limits": asdict(request.limits),
        "detail": request.detail,
        "alone": request.alone,
    }
    _write(stream, head, [request.data])


def read_request(stream: IO[bytes]) -> Request | None:
    """Receive a request; None at the end of the stream."""
    frame = _read(stream)
    if frame is None:
        return None
    head, body = frame
    settings = tuple(ImageSettings(**setting) for setting in head["settings"])
    limits = Limits(**head["limits"])
    flags = head["detail"], head["alone"]
    return Request(body, head["name"], head["page"], settings, limits, *flags)


def write_reply(stream: IO[bytes], reply: HelperReply) -> None:
    """Send the outcome of a request."""
    if isinstance(reply, ImageError):
        _write(stream, {"reason": reply.reason.value, "message": reply.message}, [])
    elif isinstance(reply, int):
        _write(stream, {"count": reply}, [])
    else:
        heads = [_described(picture) for picture in reply]
        _write(stream, {"pictures": heads}, [picture.data for picture in reply])


def read_reply(stream: IO[bytes]) -> HelperReply | None:
    """Receive the outcome of a request; None when the helper has died."""
    frame = _read(stream)
    if frame is None:
        return None
    head, body = frame
    if "reason" in head:
        return ImageError(Reason(head["reason"]), str(head["message"]))
    if "count" in head:
        return int(head["count"])
    return list(_pictures(head["pictures"], body))


def _described(picture: Picture) -> dict[str, Any]:
    fields = asdict(picture)
    del fields["thumbnail"]  # which is made where the pixels are, or from what is sent
    fields["data"] = len(picture.data)
    return fields


def _pictures(heads: Sequence[dict[str, Any]], body: bytes) -> list[Picture]:
    pictures, at = [], 0
    for head in heads:
        size = head["data"]
        seen = head["features"]
        if seen is not None:
            seen = Features(**{**seen, "dominant_colours": tuple(seen["dominant_colours"])})
        pictures.append(Picture(**{**head, "data": body[at : at + size], "features": seen}))
        at += size
    return pictures


def _write(stream: IO[bytes], head: dict[str, Any], parts: Sequence[bytes]) -> None:
    text = json.dumps(head).encode()
    stream.write(_LENGTHS.pack(len(text), sum(len(part) for part in parts)))
    stream.write(text)
    for part in parts:
        stream.write(part)
    stream.flush()


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    start = stream.read(_LENGTHS.size)
    if len(start) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(start)
    text, body = stream.read(head_size), stream.read(body_size)
    if len(text) < head_size or len(body) < body_size:
        return None
    head: dict[str, Any] = json.loads(text)
    return head, body
