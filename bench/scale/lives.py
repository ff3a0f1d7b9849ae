"""Peak memory of one process against threads and caps: `python -m bench.scale.lives`.

Runs over 3,000 pictures of 240 kB that are sent as they are, eight to a request, 32 requests in
flight, a stub that answers after 2 s. How many pictures are under way is bounded per process, so
threads and caps change little.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import simplejpeg

from bench.asking.measuring import serving
from bench.asking.stub import Behaviour
from bench.scale.model import Asking, Cluster, local_mb
from bench.scale.runs import WAYS, command, measured

_SIDE, _IMAGES, _IN_FLIGHT, _PACK = 1216, 3000, 32, 8
_AS_IT_IS = "    image: {max_side: 1536}\n"


def make_large_pictures(folder: Path, count: int) -> None:
    """Fill a folder with this many JPEG files, all different; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    smooth = random.normal(128, 60, (38, 38, 3)).repeat(32, 0).repeat(32, 1)
    grain = random.normal(0, 5.0, (_SIDE, _SIDE, 1))
    base = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if not path.exists():
            down, right = divmod(number, _SIDE // 16)
            shifted = np.ascontiguousarray(np.roll(base, (16 * down, 16 * right), (0, 1)))
            path.write_bytes(simplejpeg.encode_jpeg(shifted, 85, "RGB", "420"))


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "scale_bench")
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    given = parser.parse_args()
    pictures, out = given.folder / "large", given.folder / "out-large"
    make_large_pictures(pictures, _IMAGES)
    print("| way | foretold, MB | measured, MB | foretold / measured | s | load |")
    print("|---|---|---|---|---|---|", flush=True)
    for name, way in WAYS.items():
        if way.manifest or name not in given.ways:
            continue
        shutil.rmtree(out, ignore_errors=True)
        load = os.getloadavg()[0]
        with serving(Behaviour(mean_ms=2000.0)) as url:
            words = command(pictures, out, url, in_flight=_IN_FLIGHT, pack=_PACK, image=_AS_IT_IS)
            spent = measured([*words, *way.flags(), "--no_thumbnails"])
        asking = Asking(images_per_request=_PACK, cap=way.cap)
        cluster = Cluster(1, threads=way.threads, requests_in_flight=_IN_FLIGHT)
        foretold = local_mb(_IMAGES, asking, cluster)
        print(
            f"| {name} | {foretold:,.0f} | {spent.pss_mb:,.0f} | {foretold / spent.pss_mb:.2f} | "
            f"{spent.wall_s:,.0f} | {load:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
