"""One kill at half time, then the same command again: `python -m bench.journal.kill`.

The stub counts a request as paid when it arrives, so that all that are in flight at the kill are
paid twice; `delivered` counts only those whose reply had been sent by then.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.asking.measuring import counts, serving
from bench.asking.stub import Behaviour
from bench.journal.pictures import make_tiny_pictures

_ROOT = Path(__file__).parents[2]
_LATENCY = Behaviour(mean_ms=800.0, sigma=0.5)


def main() -> None:
    """Print a row per round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--in_flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print("images | in flight | delivered and not journaled | paid again | share | status")
    with tempfile.TemporaryDirectory() as folder:
        pictures, out = Path(folder) / "tiny", Path(folder) / "out"
        make_tiny_pictures(pictures, given.images)
        for _ in range(given.rounds):
            shutil.rmtree(out, ignore_errors=True)
            with serving(_LATENCY) as url:
                lost = _kill_at_half(pictures, out, url, given.in_flight, given.images)
                status = _start(pictures, out, url, given.in_flight).wait()
                again = counts(url)["paid_again"]
            print(
                f"{given.images} | {given.in_flight} | {lost} | {again} | "
                f"{again / given.images:.2%} | {status}",
                flush=True,
            )


def _start(pictures: Path, out: Path, url: str, in_flight: int) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "bench.asking.ways.ours"),
        *(f"--pictures={pictures}", f"--out={out}", f"--url={url}"),
        *(f"--in_flight={in_flight}", "--pack=1", "--timeout_s=60"),
    ]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill_at_half(pictures: Path, out: Path, url: str, in_flight: int, images: int) -> int:
    process = _start(pictures, out, url, in_flight)
    while (seen := counts(url))["statuses"].get("200", 0) < images // 2:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    journaled = sum(path.read_bytes().count(b"\n") for path in out.glob("journal/?*/*.jsonl"))
    return max(0, int(seen["statuses"]["200"]) - journaled)


if __name__ == "__main__":
    main()
