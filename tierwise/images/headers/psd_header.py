"""What a Photoshop file says of its composite: the picture that other programs show."""

from __future__ import annotations

import struct

from tierwise.errors import ImageError
from tierwise.images.headers.header import Header, broken
from tierwise.records import Reason

_COLOURS = {0: 1, 1: 1, 2: 3, 3: 3, 4: 4, 8: 1, 9: 3}  # by colour mode
_HELD = 8  # bytes per pixel
_VERSION_INFO = 0x0421
_MOST_RESOURCES = 10_000


def read_psd_header(data: bytes, name: str) -> Header:
    """Read size and colours of the composite.

    Raises:
        ImageError: `unreadable` where the file ends within its header; `unsupported_format` for
            large documents (PSB), other depths than 8 bit, and files without a composite.
    """
    if len(data) < 34:
        raise broken(name, "psd", "the file ends within its header")
    version, channels, height, width, bits, mode = struct.unpack_from(">H6xHIIHH", data, 4)
    colours = _COLOURS.get(mode)
    if version != 1 or bits not in {1, 8} or colours is None:
        raise _unsupported(name, f"version {version}, {bits} bits, colour mode {mode}")
    resources = _behind(data, 26)
    if not _has_composite(data, resources):
        raise _unsupported(name, "saved without its composite (maximize compatibility)")
    return Header(
        "psd",
        width,
        height,
        channels=colours + (channels > colours and _shows_through(data, _behind(data, resources))),
        held_bytes=width * height * _HELD,
    )


def _unsupported(name: str, what: str) -> ImageError:
    return ImageError(
        Reason.UNSUPPORTED_FORMAT,
        f"{name}: PSD, {what}; taken are those of 8 bits with a composite. Convert the file first.",
    )


def _behind(data: bytes, at: int) -> int:
    """Where a section ends that begins with its length."""
    return at + 4 + int.from_bytes(data[at : at + 4], "big")


def _has_composite(data: bytes, at: int) -> bool:
    """What the image resources say of it; a file that says nothing has one."""
    end, at = _behind(data, at), at + 4
    for _ in range(_MOST_RESOURCES):
        if at + 12 > min(end, len(data)) or data[at : at + 4] != b"8BIM":
            return True
        (kind,) = struct.unpack_from(">H", data, at + 4)
        named = data[at + 6] + 1
        body = at + 6 + named + named % 2
        size = int.from_bytes(data[body : body + 4], "big")
        if kind == _VERSION_INFO:
            return bool(data[body + 8])
        at = body + 4 + size + size % 2
    return True


def _shows_through(data: bytes, at: int) -> bool:
    """Whether the channel behind the colours is transparency: a negative count of layers says."""
    layers = int.from_bytes(data[at + 8 : at + 10], "big", signed=True)
    return int.from_bytes(data[at : at + 4], "big") > 0 and layers < 0
