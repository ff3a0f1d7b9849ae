"""Two threads against one: `python -m bench.images.threads`."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from bench.images.pictures import read
from bench.images.ways import ours

FILES = ("Ultra_HDR_Samples_Originals_01.jpg", "japanese-shop.jpg", "jolla.jpg")
ROUNDS = 7


def main() -> None:
    """Print how much faster two threads are, in pairs of runs."""
    work = [read(name) for name in FILES] * 6
    ratios = []
    for _ in range(ROUNDS):
        one, two = (_seconds(work, threads) for threads in (1, 2))
        ratios.append(one / two)
    ratios.sort()
    print(
        f"{len(work)} photographs to 768 px: two threads {statistics.median(ratios):.2f} times "
        f"one ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


def _seconds(work: list[bytes], threads: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: None, range(threads)))
        started = time.perf_counter()
        list(pool.map(lambda data: ours(data, 768), work))
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
