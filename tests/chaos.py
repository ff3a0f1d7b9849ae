"""Kill a run at random moments, resume it each time, and count: `python tests/chaos.py`.

An archive is asked half, then grows. Every kill is SIGKILL to the whole process group: at a random
moment of its start, between two random requests, or while it publishes. The emulator outlives them
all and keeps the bill. Exit status 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pyarrow.parquet as pq
from PIL import Image

from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.journal.lines import read_lines
from tierwise.publishing.check_tables import check_tables
from tierwise.records import Spent

ROOT = Path(__file__).parents[1]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""
_WHOLE_RUN_S = 120.0


@dataclass(frozen=True)
class Figures:
    """What came of it; costs are in nano-dollars."""

    kills: int
    images: int
    in_flight: int
    paid_again: int
    untraced: int
    dearest: int

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.images} images, {self.in_flight} in flight: "
            f"{self.paid_again} answers paid again, {self.paid_again / max(1, self.kills):.1f} per "
            f"kill, {self.paid_again / self.images:.2%} of the archive; "
            f"${Decimal(self.untraced).scaleb(-9)} of the bill are not in the journal"
        )


@dataclass(frozen=True)
class Chaos:
    """An archive, its output, an emulator and a seeded chance."""

    folder: Path
    url: str
    in_flight: int
    chance: random.Random

    def add_pictures(self, first: int, last: int) -> None:
        place = self.folder / "photos"
        place.mkdir(exist_ok=True)
        for number in range(first, last):
            colour = (number % 256, number // 256, 128)
            buffer = io.BytesIO()
            Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
            (place / f"{number:05}.png").write_bytes(buffer.getvalue())

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self) -> subprocess.Popen[bytes]:
        (self.folder / "tasks.yaml").write_text(TASKS)
        words = [f"--input={self.folder}/photos", f"--tasks={self.folder}/tasks.yaml"]
        words += [f"--output={self.out}", f"--gemini_endpoint={self.url}"]
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "beam_pipeline", "run", *words),
                f"--requests_in_flight={self.in_flight}",
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self) -> None:
        process = self.start()
        _, said = process.communicate(timeout=_WHOLE_RUN_S)
        if process.returncode:
            raise SystemExit(f"a run that was not killed ended with {process.returncode}: {said!r}")

    def kill(self, most_requests: int) -> bool:
        """Start a run and kill it; False when it had ended before."""
        process = self.start()
        moment = self.chance.random()
        if moment < 0.15:
            time.sleep(self.chance.uniform(0.0, 4.0))
        elif moment < 0.25:
            _wait(process, lambda: any(self.out.glob(".staging-*/costs")))
        else:
            wanted = len(self.requests()) + self.chance.randint(1, most_requests)
            _wait(process, lambda: len(self.requests()) >= wanted)
            time.sleep(self.chance.uniform(0.0, 0.3))
        ended = process.poll() is not None
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if not any(self.out.glob(".staging-*/run.json")):  # else the next run finishes them
            self.check_whole()
        return not ended

    def check_whole(self) -> None:
        """The tables in place are those that `run.json` lists, or there are none."""
        run = self.out / "run.json"
        tables = json.loads(run.read_text("utf-8"))["tables"] if run.exists() else []
        check_tables(str(self.out), tables)

    def requests(self) -> list[dict[str, Any]]:
        with urlopen(f"{self.url}/emulator/requests", timeout=20) as reply:
            return [json.loads(line) for line in reply.read().splitlines()]

    def billed(self) -> int:
        with urlopen(f"{self.url}/emulator/bill", timeout=20) as reply:
            return int(Decimal(json.load(reply)["total_usd"]).scaleb(9))

    def journaled(self) -> Iterator[Spent]:
        for path in self.out.glob("journal/*/*.jsonl"):
            for entry in read_lines(path.read_bytes(), name=str(path)).entries:
                outcome = entry.answer or entry.failure
                yield outcome.spent if outcome else entry.wasted or Spent()

    def check_end(self, images: int) -> None:
        """Every image has its row, once, and nothing is left lying about."""
        self.check_whole()
        names = [
            uri
            for path in self.out.glob("answers/*/*.parquet")
            for uri in pq.ParquetFile(path).read(["uri"]).column("uri").to_pylist()
        ]
        wanted = {str(path) for path in (self.folder / "photos").iterdir()}
        if len(names) != images or set(names) != wanted:
            raise SystemExit(f"{len(names)} rows for {images} images")
        # Files that a kill left half-written are kept for an hour: their writer may be alive.
        left = [path for path in self.out.rglob(".*") if path.suffix != ".tmp"]
        if left:
            raise SystemExit(f"left behind: {left}")


def chaos(
    folder: Path, *, kills: int, images: int, in_flight: int, latency_ms: float, seed: int
) -> Figures:
    """Do all that, and check every promise but the one about the bill, which the figures tell."""
    with running_emulator(EmulatorConfig(latency_ms=latency_ms)) as url:
        run = Chaos(folder, url, in_flight, random.Random(seed))
        run.add_pictures(0, images // 2)
        before = kills // 3
        killed = sum(run.kill(images // 2 // max(1, before)) for _ in range(before))
        run.finish()
        run.add_pictures(images // 2, images)
        after = kills - before
        killed += sum(run.kill(images // 2 // after) for _ in range(after))
        run.finish()
        run.check_end(images)
        paid = Counter(
            image
            for line in run.requests()
            for image in line["images"]
            if line["status"] == 200  # others are not billed
        )
        spent = [one.cost for one in run.journaled()]
        return Figures(
            killed,
            images,
            in_flight,
            sum(times - 1 for times in paid.values()),
            run.billed() - sum(spent),
            max(spent),
        )


def _wait(process: subprocess.Popen[bytes], until: Any) -> None:
    """Wait for a moment of a run, or for its end."""
    deadline = time.monotonic() + _WHOLE_RUN_S
    while not until() and process.poll() is None:
        if time.monotonic() > deadline:
            raise SystemExit("a run takes too long")
        time.sleep(0.01)


def main() -> int:
    """Print the figures; a kill may cost at most what was in flight."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=36, help="some come too late")
    parser.add_argument("--images", type=int, default=1200)
    parser.add_argument("--in_flight", type=int, default=16)
    parser.add_argument("--latency_ms", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = chaos(Path(folder), **vars(given))
    print(figures)
    return int(figures.paid_again > figures.kills * figures.in_flight)


if __name__ == "__main__":
    sys.exit(main())
