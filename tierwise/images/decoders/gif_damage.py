"""What is wrong with the frames of a GIF file that its decoders show all the same.

GIF has no checksum. But the codes of its compression (LZW) stand for runs of pixels of every
length, so that a wrong one changes how many there are, and a code may stand for nothing yet.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.headers.gif_header import GifFrame, frames_of

_LEAST_BITS, _MOST_BITS, _ENTRIES = 2, 12, 4096
_AT_ONCE = 8192  # codes; writers begin anew after some 4,000

Numbers = NDArray[np.int64] | NDArray[np.int32]


def check_gif(original: Original, view: WantedView) -> None:
    """Check the frames that make up the one that is wanted.

    Raises:
        ImageError: `unreadable`, one has too few pixels, too many, or a code for nothing.
    """
    for number, frame in enumerate(islice(frames_of(original.data), view.frame + 1)):
        try:
            pixels = _pixels_of(frame)
        except ValueError as error:
            raise original.damaged(f"frame {number + 1}: {error}") from error
        if pixels != frame.width * frame.height:
            raise original.damaged(
                f"frame {number + 1} holds {pixels:,} pixels in place of "
                f"{frame.width * frame.height:,}"
            )


def _pixels_of(frame: GifFrame) -> int:
    """Count the pixels that all codes up to the end mark stand for.

    Raises:
        ValueError: a code stands for nothing.
    """
    if not _LEAST_BITS <= frame.code_bits < _MOST_BITS:
        raise ValueError(f"codes of {frame.code_bits} bits do not exist")
    data = np.frombuffer(frame.data + bytes(4), dtype=np.uint8).astype(np.int32)
    words = data[:-3] | data[1:-2] << 8 | data[2:-1] << 16
    bits, at, pixels = 8 * len(frame.data), 0, 0
    clear = 1 << frame.code_bits
    while at < bits:
        found, used, ended = _run(words, at, bits, clear)
        pixels += found
        at += used
        if ended:
            break
    return pixels


def _run(words: Numbers, at: int, bits: int, clear: int) -> tuple[int, int, bool]:
    """From one clearing of the table to the next: pixels, bits used, whether the end mark came."""
    count = _AT_ONCE
    while True:
        places, widths = _layout(clear + 2, count)
        codes = _codes(words, at, places, widths, bits)
        stops = np.flatnonzero((codes == clear) | (codes == clear + 1))
        if stops.size or codes.size < count:
            break
        count *= 2  # the writer went on with a full table
    stop = int(stops[0]) if stops.size else codes.size
    pixels = int(_lengths(codes[:stop], clear).sum())
    if not stops.size:
        return pixels, bits - at, True
    return pixels, int(places[stop] + widths[stop]), bool(codes[stop] == clear + 1)


@lru_cache(maxsize=64)
def _layout(first: int, count: int) -> tuple[Numbers, Numbers]:
    """Where codes begin behind a clearing, in bits, and how many bits they have."""
    entries = np.minimum(first + np.maximum(np.arange(count) - 1, 0), _ENTRIES - 1)
    widths = np.floor(np.log2(entries)).astype(np.int64) + 1
    return np.cumsum(widths) - widths, widths


def _codes(words: Numbers, at: int, places: Numbers, widths: Numbers, bits: int) -> Numbers:
    """The codes that lie wholly within the data."""
    count = int(np.searchsorted(places + widths, bits - at, side="right"))
    where = places[:count] + at
    found: Numbers = (words[where >> 3] >> (where & 7)) & ((1 << widths[:count]) - 1)
    return found


def _lengths(codes: Numbers, clear: int) -> Numbers:
    """How many pixels each code stands for.

    Each code but the first adds an entry: the pixels of the code before it and one more.

    Raises:
        ValueError: a code stands for nothing yet.
    """
    entry = codes - (clear + 2)
    known = np.minimum(np.arange(codes.size), _ENTRIES - clear - 2)
    if (entry >= known).any():
        raise ValueError("a code stands for nothing yet")
    lengths = np.ones(codes.size, dtype=np.int64)
    while (entry >= 0).any():
        longer = entry >= 0
        lengths[longer] += lengths[entry[longer]]
        entry[longer] = entry[entry[longer]]
    return lengths
