"""Holes in samples that are stored as they are, where no decoder can tell black from lost.

A hole is seen all the same: it begins within a row, goes on through the next, and the row above it
knows nothing of it. Edges of pictures do not look like that, not even those of black bars.
"""

from __future__ import annotations

import re

_SEEN = re.compile(rb"[^\0]")
# Of a row: what is there before a hole, and what is gone behind it.
_LEAST_THERE, _LEAST_GONE = 0.01, 0.05
_LEAST_BYTES = 8
_LEAST_ROW = 256  # drawings of a few pixels may have any shape
_MOST_BLACK = 0.05  # of what is there


def has_hole(samples: bytes, row_bytes: int) -> bool:
    """Tell whether rows of samples of eight bits or more seem to have lost a stretch."""
    nothing = bytes(row_bytes)
    at = samples.find(nothing, row_bytes) if row_bytes >= _LEAST_ROW else -1
    while at >= 0:
        seen = _SEEN.search(samples, at)
        end = seen.start() if seen else len(samples)
        if end - at >= 2 * row_bytes - at % row_bytes and _begins_abruptly(samples, at, row_bytes):
            return True
        at = samples.find(nothing, end)
    return False


def _begins_abruptly(samples: bytes, at: int, row_bytes: int) -> bool:
    there = at % row_bytes
    gone = row_bytes - there
    if there < max(_LEAST_BYTES, _LEAST_THERE * row_bytes) or gone < _LEAST_GONE * row_bytes:
        return False
    return all(
        part.count(0) < _MOST_BLACK * len(part)
        for part in (samples[at - there : at], samples[at - row_bytes : at - there])
    )
