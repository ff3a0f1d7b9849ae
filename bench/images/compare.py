"""Time, quality and bytes of every way, in one run: `python -m bench.images.compare`."""

from __future__ import annotations

import io
import os
import statistics
import time
from collections.abc import Callable, Mapping

from PIL import Image

from bench.images.limit import NoLimitError, build_limit
from bench.images.pictures import Sample, samples
from bench.images.ways import QUALITY, coded, ours, pixels, psnr, reference, shrunk, ssim, tutorial

ROUNDS = int(os.environ.get("ROUNDS", "9"))
_BOTH = (512, 768)
SIDES = {
    "12 MP JPEG": _BOTH,
    "8 to 10 MP JPEG": _BOTH,
    "24 MP JPEG": _BOTH,
    "1080p PNG": (512,),
}


def main() -> None:
    """Print one row per file and size, then the medians."""
    try:
        limit: Callable[[bytes, int, int], int] | None = build_limit()
    except NoLimitError as error:
        limit = None
        print(f"no limit column: {error}")
    head = (
        "kind",
        "file",
        "side",
        "tutorial ms",
        "ours ms",
        "x",
        "limit ms",
        "of limit",
        "spread",
        "PSNR pixels",
        "PSNR coded",
        "SSIM",
        "bytes",
    )
    print("|", " | ".join(head), "|")
    print("|", " | ".join("---" for _ in head), "|")
    for sample in samples():
        for side in SIDES.get(sample.kind, (768,)):
            _row(sample, side, limit)


def _row(sample: Sample, side: int, limit: Callable[[bytes, int, int], int] | None) -> None:
    data = sample.data
    ways: dict[str, Callable[[], object]] = {
        "tutorial": lambda: tutorial(data, side),
        "ours": lambda: ours(data, side),
    }
    if limit and "JPEG" in sample.kind:
        ways["limit"] = lambda: limit(data, _scale(data, side), QUALITY)
    spent = cpu(ways)
    middle = {way: statistics.median(values) for way, values in spent.items()}
    ratios = sorted(t / o for t, o in zip(spent["tutorial"], spent["ours"], strict=True))
    of_limit = middle["ours"] / middle["limit"] if "limit" in middle else float("nan")
    want = reference(data, side)
    made = pixels(ours(data, side))
    best = shrunk(data, side)
    growth = len(ours(data, side)) / len(tutorial(data, side)) - 1
    print(
        f"| {sample.kind} | {sample.name} | {side} | {middle['tutorial']:.1f} | "
        f"{middle['ours']:.1f} | {middle['tutorial'] / middle['ours']:.2f} | "
        f"{middle.get('limit', float('nan')):.1f} | {of_limit:.2f} | "
        f"{ratios[1]:.1f} to {ratios[-2]:.1f} | {psnr(best, want):.1f} | "
        f"{psnr(made, coded(want)):.1f} | {ssim(made, coded(want)):.4f} | {growth:+.1%} |",
        flush=True,
    )


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
