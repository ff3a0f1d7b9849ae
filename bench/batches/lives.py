"""An archive that is asked in batch by commands of their own, and what is left when all is done."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

ROOT = Path(__file__).parents[2]
MODEL = "gemini-3.1-flash-lite"
TASKS = """
model: gemini-3.1-flash-lite
service_tier: {tier}
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}}
  tone:
    when: shade == "bright"
    prompt: "Which colour is there most of?"
    labels: [red, orange, yellow, green, blue, purple, brown, grey]
    images_per_request: 4
"""
_SIDE = 16


def make_pictures(folder: Path, count: int) -> None:
    """Small PNG files of a colour each, all different; they are sent as they are."""
    folder.mkdir(parents=True)
    for number in range(count):
        chance = np.random.default_rng(number)
        colour = chance.integers(0, 256, 3)
        pixels = np.clip(colour + chance.integers(-9, 10, (_SIDE, _SIDE, 3)), 0, 255)
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
        (folder / f"{number:05}.png").write_bytes(buffer.getvalue())


@dataclass(frozen=True, slots=True)
class Left:
    """What came of an archive. Money is in nano-dollars.

    `twice` are names of jobs created more than once, `paid_twice` pictures billed more often than
    they have answers, `at_service` jobs that were not deleted there.
    """

    images: int
    answers: int
    failures: int
    lost: int
    jobs: int
    twice: int
    paid_twice: int
    account: int
    maybe_billed: int
    bill: int
    at_service: int
    parts: int

    @property
    def beyond(self) -> int:
        """What of the bill is neither in the account nor among what may have been billed."""
        least, most = self.account, self.account + self.maybe_billed
        return max(0, self.bill - most) - max(0, least - self.bill)

    @property
    def promised(self) -> bool:
        """Whether nothing is lost, made twice, or out of the account."""
        return not (self.lost or self.twice or self.beyond)


@dataclass(frozen=True, slots=True)
class Life:
    """An archive in a folder of its own, and the emulator that outlives every command.

    `words` are flags, `environment` is added to this process's. `output` is a folder of this
    machine; where that is a bucket's, the command knows it by its `address`.
    """

    folder: Path
    url: str
    words: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    output: str = ""
    address: str = ""
    tasks: str = TASKS.format(tier="batch")

    @property
    def pictures(self) -> Path:
        """The archive."""
        return self.folder / "pictures"

    @property
    def out(self) -> Path:
        """Where tables and journal are on this machine."""
        return Path(self.output) if self.output else self.folder / "out"

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        """The command, always the same; what it says is added to `log`."""
        (self.folder / "tasks.yaml").write_text(self.tasks)
        words = [f"--input={self.pictures}", f"--tasks={self.folder}/tasks.yaml"]
        words += [
            f"--output={self.address or self.out}",
            f"--gemini_endpoint={self.url}",
            *self.words,
            *more,
        ]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tierwise", "run", *words],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        """What all commands have said."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def finish(self) -> int:
        """The command, undisturbed to its end; gives its exit status."""
        return self.start().wait()

    def standings(self) -> dict[str, str]:
        """How far each job has come by its record: its id, and the fields that are filled."""
        found = {}
        for path in (self.out / "journal" / "batches" / "jobs").glob("*.json"):
            record = json.loads(path.read_bytes())
            names = ("sending_at", "name", "cancelled_at", "ended", "taking", "taken")
            found[path.stem] = next((one for one in reversed(names) if record.get(one)), "ordered")
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Every job that the emulator was ever asked to create."""
        return list(json.loads(control(self.url, "batches")))

    def values(self) -> dict[tuple[str, str], str]:
        """Every answer, by task and the picture's name."""
        found = {}
        for path in self.out.glob("answers/*/*.parquet"):
            table = pq.ParquetFile(path).read(["uri", "answer"])
            task = path.parent.name.partition("=")[2]
            for row in table.to_pylist():
                found[task, Path(row["uri"]).name] = row["answer"]
        return found

    def reasons(self) -> set[str]:
        """Why rows failed."""
        return set(_column(self.out, "failures", "reason"))

    def requests(self) -> Iterator[dict[str, Any]]:
        """Every request and row that the emulator has answered."""
        yield from map(json.loads, control(self.url, "requests").splitlines())

    def left(self) -> Left:
        """What there is when all is done."""
        answers = list(_column(self.out, "answers/*", "uri"))
        failures = list(_column(self.out, "failures", "uri"))
        names = [str(path) for path in self.pictures.iterdir()]
        run = json.loads((self.out / "run.json").read_text("utf-8"))["all_runs"]
        jobs = self.jobs()
        created = Counter(job["display_name"] for job in jobs)
        return Left(
            images=len(names),
            answers=len(answers),
            failures=len(failures),
            lost=len(set(names) - set(answers) - set(failures)) + _repeated(self.out),
            jobs=len(jobs),
            twice=sum(times > 1 for times in created.values()),
            paid_twice=self._paid_twice(answers),
            account=nano(run["cost_usd"]),
            maybe_billed=nano(run["maybe_billed_usd"]),
            bill=nano(json.loads(control(self.url, "bill"))["total_usd"]),
            at_service=sum(not job["deleted"] for job in jobs),
            parts=sum(1 for _ in (self.out / "journal" / "batches" / "parts").rglob("*.jsonl")),
        )

    def _paid_twice(self, answers: Sequence[str]) -> int:
        """Pictures billed more often than they have answers."""
        asked = Counter[str]()
        for line in self.requests():
            if line["status"] == 200:
                asked.update(line["images"])
        wanted = Counter(answers)
        by_hash = {
            hashlib.sha256(path.read_bytes()).hexdigest(): wanted[str(path)]
            for path in self.pictures.iterdir()
        }
        return sum(max(0, times - by_hash.get(image, 0)) for image, times in asked.items())


def control(url: str, path: str, method: str = "GET", document: object = None) -> bytes:
    """A control path of the emulator."""
    data = None if document is None else json.dumps(document).encode()
    with urlopen(Request(f"{url}/emulator/{path}", data, method=method), timeout=120) as reply:
        body: bytes = reply.read()
    return body


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> int:
    """Send a signal to a command and all its processes, and wait."""
    if process.poll() is None:
        os.killpg(process.pid, how)
    return process.wait()


def nano(usd: str) -> int:
    """Nano-dollars."""
    return int(Decimal(usd).scaleb(9))


def dollars(amount: int) -> str:
    """Nano-dollars, for people."""
    return f"${Decimal(amount).scaleb(-9):f}"


def _column(out: Path, table: str, column: str) -> Iterator[str]:
    for path in out.glob(f"{table}/*.parquet"):
        yield from pq.ParquetFile(path).read([column]).column(column).to_pylist()


def _repeated(out: Path) -> int:
    """Rows that are there more than once for a picture and task."""
    total = 0
    for folder in out.glob("answers/*"):
        names = list(_column(out, f"answers/{folder.name}", "uri"))
        total += len(names) - len(set(names))
    return total
