"""A picture that was drawn and kept: what its row tells of it, and what keeps it from being one."""

from __future__ import annotations

from dataclasses import dataclass

# The folder below an output that they lie in.
PICTURES = "pictures"
# What is kept as a picture; others a reply may call one, and is none.
KEPT_FORMATS = ("png", "jpeg", "webp")
# Far more than any model is known to draw (4096 x 4096 px, 8:1 at 4K 11,712 px long).
MOST_PIXELS = 40_000_000
MOST_SIDE = 16_384
MOST_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept: the picture in a format, as it comes where that is empty, and what was sent."""

    file_format: str = ""
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A file below the output: its name there, size in px and bytes, and format by signature.

    With a `problem`, nothing was kept.
    """

    file: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    format: str = ""
    problem: str = ""
