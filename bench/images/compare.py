"""Time, quality and bytes of every way, in one run.

`python -m bench.images.compare`, or with kinds behind it: `... compare "12 MP JPEG" "1080p PNG"`.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping

import pyvips
from PIL import Image

from bench.images.limit import NoLimitError, build_limit
from bench.images.pictures import Sample, samples
from bench.images.recipe import pyvips_thumbnail, recipe
from bench.images.surroundings import surroundings
from bench.images.ways import (
    QUALITY,
    coded,
    ours,
    pixels,
    psnr,
    reference,
    shrunk,
    ssim,
    tutorial,
    with_thumbnail,
)

ROUNDS = int(os.environ.get("ROUNDS", "9"))
_BOTH = (512, 768)
SIDES = {
    "12 MP JPEG": _BOTH,
    "8 to 10 MP JPEG": _BOTH,
    "24 MP JPEG": _BOTH,
    "1080p PNG": (512,),
}
_HEAD = (
    "kind | file | side | tutorial ms | pyvips | recipe | ours | ours ms | spread | "
    "with thumbnail ms | of recipe | of limit | PSNR pixels | PSNR coded: pyvips, recipe, ours | "
    "SSIM | bytes"
)

_Limit = Callable[[bytes, int, int], int]


def main() -> None:
    """Print one row per file and size."""
    limit: _Limit | None
    try:
        limit = build_limit()
    except NoLimitError as error:
        limit = None
        print(f"no limit column: {error}")
    print(surroundings(), f"\n\n| {_HEAD} |", sep="")
    print("|", " | ".join("---" for _ in _HEAD.split("|")), "|")
    for sample in samples():
        if sample.kind in sys.argv[1:] or not sys.argv[1:]:
            for side in SIDES.get(sample.kind, (768,)):
                _row(sample, side, limit)
    print(f"\n{surroundings()}")


def _row(sample: Sample, side: int, limit: _Limit | None) -> None:
    data = sample.data
    ways: dict[str, Callable[[], bytes]] = {
        "tutorial": lambda: tutorial(data, side),
        "pyvips": lambda: pyvips_thumbnail(data, side),
        "recipe": lambda: recipe(data, side),
        "ours": lambda: ours(data, side),
    }
    made = {way: _made(call) for way, call in ways.items()}
    timed: dict[str, Callable[[], object]] = {way: ways[way] for way in ways if made[way]}
    timed["with thumbnail"] = lambda: with_thumbnail(data, side)
    if limit and "JPEG" in sample.kind:
        timed["limit"] = lambda: limit(data, _scale(data, side), QUALITY)
    spent = cpu(timed)
    middle = {way: statistics.median(values) for way, values in spent.items()}
    ratios = sorted(t / o for t, o in zip(spent["tutorial"], spent["ours"], strict=True))
    want = reference(data, side)
    sent = coded(want)
    compared = ("pyvips", "recipe", "ours")
    quality = [f"{psnr(pixels(made[way]), sent):.1f}" if made[way] else "-" for way in compared]
    growth = len(made["ours"]) / len(made["tutorial"]) - 1
    cells = [
        sample.kind,
        sample.name,
        str(side),
        f"{middle['tutorial']:.1f}",
        *(_ratio(middle, "tutorial", way) for way in compared),
        f"{middle['ours']:.2f}",
        f"{ratios[1]:.2f} to {ratios[-2]:.2f}",
        f"{middle['with thumbnail']:.2f}",
        *(_ratio(middle, "ours", way) for way in ("recipe", "limit")),
        f"{psnr(shrunk(data, side), want):.1f}",
        ", ".join(quality),
        f"{ssim(pixels(made['ours']), sent):.4f}",
        f"{growth:+.1%}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def _made(way: Callable[[], bytes]) -> bytes:
    """What it makes; nothing where it cannot read the file."""
    try:
        return way()
    except pyvips.Error:  # libvips gives up after a hundred warnings
        return b""


def _ratio(middle: Mapping[str, float], one: str, other: str) -> str:
    return f"{middle[one] / middle[other]:.2f}" if other in middle else "-"


def _scale(data: bytes, side: int) -> int:
    """Return the strongest scaling that still leaves the wanted size."""
    longest = max(Image.open(io.BytesIO(data)).size)
    return max((scale for scale in (1, 2, 4, 8) if longest // scale >= side), default=1)


def cpu(ways: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """CPU milliseconds of each way, which take turns, so that a busy machine slows all alike.

    Each runs twice per turn and the second is counted, as in a worker that does nothing else: the
    first pays for the memory that another way has just given back.
    """
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, call in ways.items():
            call()
            started = time.process_time()
            call()
            spent[way].append((time.process_time() - started) * 1000)
    return spent


if __name__ == "__main__":
    main()
