"""Draw an archive at three sizes on two lanes, with a kill -9 half-way: `python -m bench.drawing`.

Each line is an archive of its own: the run is killed when half of its pictures are there, and the
same command is started again until all are. Exit status 1 where a picture is missing, or was drawn
more often than was under way at the kill, or where account and bill do not agree.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

import orjson
import pyarrow.parquet as pq

from bench.batches.lives import make_pictures
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

_ROOT = Path(__file__).parents[2]
_MODEL = "gemini-nano-banana-2.1"
_SIZES, _LANES = ("1K", "2K", "4K"), ("standard", "batch")
_IN_FLIGHT = 4
_TASKS = """
model: {model}
tasks:
  hero:
    prompt: A clean photograph of what is shown, on white.
    picture: {{size: {size}, aspect_ratio: "16:9", why: to see what it costs}}
"""
_HEAD = ("size", "lane", "pictures", "at the kill", "drawn twice", "account", "bill", "each")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of one archive; money is in nano-dollars, that of all runs together."""

    pictures: int
    at_kill: int
    twice: int
    account: int
    maybe_billed: int
    bill: int

    @property
    def promised(self) -> bool:
        """Whether nothing is amiss but what was under way at the kill."""
        least, most = self.account, self.account + self.maybe_billed
        return self.twice <= _IN_FLIGHT and least <= self.bill <= most


def main() -> int:
    """Print a row for each size and lane."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=40)
    images = parser.parse_args().images
    print("|", " | ".join(_HEAD), "|")
    print("|", " | ".join("---" for _ in _HEAD), "|", flush=True)
    broken = False
    for size in _SIZES:
        for lane in _LANES:
            drawn = _draw(size, lane, images)
            cells = (
                *(size, lane, drawn.pictures, drawn.at_kill, drawn.twice),
                *(_dollars(drawn.account), _dollars(drawn.bill)),
                _dollars(drawn.bill // max(1, drawn.pictures)),
            )
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            broken = broken or drawn.pictures != images or not drawn.promised
    return int(broken)


def _draw(size: str, lane: str, images: int) -> Drawn:
    config = EmulatorConfig(batch_delay_s=1.0)
    with tempfile.TemporaryDirectory() as name, running_emulator(config) as url:
        place = Path(name)
        make_pictures(place / "tiny", images)
        (place / "tasks.yaml").write_text(_TASKS.format(model=_MODEL, size=size))
        process = _start(place, lane, url)
        while process.poll() is None and len(_files(place)) < images // 2:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        at_kill = len(_files(place))
        if status := _start(place, lane, url).wait():
            raise SystemExit(f"the run after the kill ended with {status}")
        run = orjson.loads((place / "out" / "run.json").read_bytes())
        rows = pq.read_table(place / "out" / "answers").to_pylist()
        if not all(Path(row["picture_uri"]).exists() for row in rows):
            raise SystemExit("a row tells of a picture that is not there")
        every = run["all_runs"]
        return Drawn(
            pictures=len(rows),
            at_kill=at_kill,
            twice=_twice(url),
            account=_nano(every["cost_usd"]),
            maybe_billed=_nano(every["maybe_billed_usd"]),
            bill=_nano(orjson.loads(_get(url, "bill"))["total_usd"]),
        )


def _start(place: Path, lane: str, url: str) -> subprocess.Popen[bytes]:
    words = [f"--input={place / 'tiny'}", f"--tasks={place / 'tasks.yaml'}"]
    words += [f"--output={place / 'out'}", f"--gemini_endpoint={url}", f"--service_tier={lane}"]
    return subprocess.Popen(
        [sys.executable, "-m", "tierwise", "run", *words, f"--requests_in_flight={_IN_FLIGHT}"],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _files(place: Path) -> list[Path]:
    return list(place.glob("out/pictures/task=hero/emulated-*"))


def _twice(url: str) -> int:
    lines = map(orjson.loads, _get(url, "requests").splitlines())
    drawn = Counter(one for line in lines if Decimal(line["usd"]) for one in line["images"])
    return sum(times - 1 for times in drawn.values())


def _get(url: str, what: str) -> bytes:
    with urlopen(f"{url}/emulator/{what}", timeout=20) as reply:
        body: bytes = reply.read()
    return body


def _nano(dollars: str) -> int:
    return int(Decimal(dollars).scaleb(9))


def _dollars(nano: int) -> str:
    return f"${Decimal(nano).scaleb(-9):.6f}"


if __name__ == "__main__":
    sys.exit(main())
