"""Records as bytes while they wait in a shuffle, a tenth of the memory that they take as objects.

Beam's local runner holds every element of a shuffle, as the object that it is. Records of a run
resemble each other, so each is compressed against a typical one.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any

from tierwise.records import (
    Answer,
    Answered,
    ImageFile,
    MediaResolution,
    Page,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)

# The fastest level: higher ones gain a twentieth at twice the time.
_LEVEL = 1
# A window of 4 kB, as large as a record and the typical one, and little else to set up: with zlib's
# own defaults that would take ten times as long as the work.
_WINDOW_BITS, _MEMORY_LEVEL = 12, 5


def compress(record: Any) -> bytes:
    """A record as some hundred bytes."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=_TYPICAL)
    return packer.compress(pickle.dumps(record, pickle.HIGHEST_PROTOCOL)) + packer.flush()


def decompress(data: bytes) -> Any:
    """The record that was packed."""
    unpacker = zlib.decompressobj(zdict=_TYPICAL)
    return pickle.loads(unpacker.decompress(data))  # noqa: S301 - our own, from a moment ago


def _typical() -> bytes:
    file = ImageFile("", "", 0, "sha256:")
    answer = Answer(
        request_id="",
        task="",
        page=Page(format="jpeg"),
        value="",
        model="gemini-3.1-flash-lite",
        model_version="gemini-3.1-flash-lite",
        media_resolution=MediaResolution.LOW,
        service_tier=ServiceTier.STANDARD,
        sent=Sent(format="jpeg"),
        images_in_request=1,
        spent=Spent(Usage(), requests=1),
        wasted=Spent(),
        baseline=0,
        attempts=1,
        latency_ms=0,
        asked_at="2026-01-01T00:00:00.000000+00:00",
    )
    answered = Answered("", "", (answer,))
    return b"".join(pickle.dumps(one, pickle.HIGHEST_PROTOCOL) for one in (file, answered))


_TYPICAL = _typical()
