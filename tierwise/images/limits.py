"""What is still decoded; everything beyond becomes a failure of its one image."""

from __future__ import annotations

from dataclasses import dataclass

# A file is held whole, and once more by a helper process.
LARGEST_FILE_BYTES = 400_000_000
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file.

    `pixels` is width × height of one page; `decoded_bytes` bounds what a decoder that cannot
    stream has to hold at once; `seconds` is CPU time for one image, four times as much by the
    clock; `pages` bounds one file. `accept_truncated` takes what can be decoded of a file that ends
    early and marks it. `patience_s` is how long a bucket or disk that is away is waited for.
    """

    pixels: int = 400_000_000
    decoded_bytes: int = 700_000_000
    seconds: float = 30.0
    pages: int = 1_000
    accept_truncated: bool = False
    patience_s: float = PATIENCE_S
