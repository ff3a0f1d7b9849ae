"""What decoding alone leaves: `python -m bench.images.floors`.

The tutorial's time over that of our decoder without anything else is the most that our way could
reach with it.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable

import pyvips
import simplejpeg
from PIL import Image

from bench.images.compare import cpu
from bench.images.pictures import Sample, samples
from bench.images.ways import ours, tutorial
from tierwise.images.decoders.libwebp import decode_scaled
from tierwise.images.decoders.webp_decoder import MARGIN
from tierwise.sizes import fitted

SIDES = {"1080p PNG": 512}


def main() -> None:
    """Print one row per file, to 768 px (the screen to 512)."""
    print("| kind | file | tutorial ms | decoding alone ms | ours ms | at most | reached |")
    print("|---|---|---|---|---|---|---|")
    for sample in samples():
        _row(sample, SIDES.get(sample.kind, 768))


def _row(sample: Sample, side: int) -> None:
    spent = cpu(
        {
            "tutorial": lambda: tutorial(sample.data, side),
            "decoding": _decoding(sample, side),
            "ours": lambda: ours(sample.data, side),
        }
    )
    middle = {way: statistics.median(values) for way, values in spent.items()}
    print(
        f"| {sample.kind} | {sample.name} | {middle['tutorial']:.1f} | {middle['decoding']:.1f} | "
        f"{middle['ours']:.1f} | {middle['tutorial'] / middle['decoding']:.1f} | "
        f"{middle['tutorial'] / middle['ours']:.1f} |",
        flush=True,
    )


def _decoding(sample: Sample, side: int) -> Callable[[], object]:
    data = sample.data
    size = Image.open(io.BytesIO(data)).size
    if "JPEG" in sample.kind:
        scale = max((one for one in (1, 2, 4, 8) if max(size) / one >= 1.9 * side), default=1)
        width, height = (-(-length // scale) for length in size)
        return lambda: simplejpeg.decode_jpeg(
            data, "RGB", min_width=width, min_height=height, strict=False
        )
    if "WebP" in sample.kind:
        width, height = (round(MARGIN * length) for length in fitted(*size, side))
        return lambda: decode_scaled(data, (width, height), len(data))
    return lambda: pyvips.Image.pngload_buffer(data, access="sequential").write_to_memory()


if __name__ == "__main__":
    main()
