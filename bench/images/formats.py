"""Every decoder that could serve a format, to show the choice: `python -m bench.images.formats`."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
import pillow_heif
import pyvips
from PIL import Image

from bench.images.pictures import as_png, as_webp, read, screen
from bench.images.ways import shrunk

pillow_heif.register_heif_opener()
ROUNDS = 5


def main() -> None:
    """Print CPU milliseconds from bytes to 768 px pixels per library."""
    files = {
        "JPEG 12 MP": read("Ultra_HDR_Samples_Originals_05.jpg"),
        "JPEG progressive 12 MP": read("japanese-shop.jpg"),
        "PNG 1080p": screen(),
        "PNG scan": as_png(read("023.jpg")),
        "WebP 12 MP": as_webp(read("Ultra_HDR_Samples_Originals_05.jpg")),
        "AVIF 10-bit 20 MP": read("10bit-HDR-P3-nclx.avif"),
        "HEIC 12 MP": read("IMG_2682.heic"),
        "TIFF": read("mandrill.tiff"),
        "TIFF fax": read("g4-multi.tiff"),
        "GIF": read("Crash_test.gif"),
    }
    print("| file | Pillow thumbnail | libvips thumbnail | ours |\n|---|---|---|---|")
    for name, data in files.items():
        cells = [_cell(way, data) for way in (_pillow, _vips, lambda data: shrunk(data, 768))]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _cell(way: Callable[[bytes], np.ndarray], data: bytes) -> str:
    try:
        way(data)
    except (pyvips.Error, OSError) as error:
        return f"cannot ({str(error).splitlines()[-1].strip()[:40]})"
    spent = []
    for _ in range(ROUNDS):
        started = time.process_time()
        way(data)
        spent.append((time.process_time() - started) * 1000)
    return f"{statistics.median(spent):.1f}"


def _pillow(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    image.thumbnail((768, 768), Image.Resampling.LANCZOS)
    return np.asarray(image.convert("RGB"))


def _vips(data: bytes) -> np.ndarray:
    image = pyvips.Image.thumbnail_buffer(data, 768, height=768, size="down")
    return np.asarray(image.numpy())


if __name__ == "__main__":
    main()
