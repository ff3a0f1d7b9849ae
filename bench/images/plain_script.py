"""A script that shrinks a folder in two threads: `... plain_script WAY IN OUT SIDE`.

WAY is `recipe`, `pyvips`, or the path of a compiled `limit.c`, which writes nothing of use: as many
bytes as it has made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import simplejpeg

from bench.images.limit import load_limit
from bench.images.recipe import QUALITY, pyvips_thumbnail, recipe

THREADS = 2
_WAYS = {"recipe": recipe, "pyvips": pyvips_thumbnail}


def main() -> None:
    """Read, shrink and write every file."""
    way, source, target, side = sys.argv[1:]
    shrink, into = _WAYS.get(way) or _limit(Path(way)), Path(target)
    into.mkdir(parents=True)

    def one(path: Path) -> None:
        (into / path.name).write_bytes(shrink(path.read_bytes(), int(side)))

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(one, sorted(Path(source).iterdir())):
            pass


def _limit(library: Path) -> Callable[[bytes, int], bytes]:
    shrink = load_limit(library)

    def limit(data: bytes, side: int) -> bytes:
        longest = max(simplejpeg.decode_jpeg_header(data)[:2])
        scale = next((scale for scale in (8, 4, 2) if longest // scale >= side), 1)
        return bytes(shrink(data, scale, QUALITY))

    return limit


if __name__ == "__main__":
    main()
