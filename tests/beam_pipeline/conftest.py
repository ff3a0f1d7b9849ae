"""Whole runs: the real job in this process, against a real emulator, into real tables."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests import signatures
from tests.batch_runs import BatchRuns
from tests.bucket import Bucket
from tests.conftest import EmulatedGemini
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.asked import tasks_of
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.launch import job_of_tasks
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

TASKS = """
model: gemini-3.1-flash-lite
together: false
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_request: 3
  found:
    prompt: What is there?
    schema:
      type: object
      properties: {thing: {type: string, maxLength: 40}, sure: {type: boolean}}
      required: [thing]
"""


def job_of_words(words: list[str]) -> Job:
    """What `run` would run by these flags, in one process."""
    settings = read_command_line(words).settings
    now = datetime.now(UTC)
    return job_of_tasks(settings, tasks_of(settings), project="", now=now, workers=1)[0]


@dataclass(frozen=True)
class Finished:
    """A run that came to its end, and what it left."""

    status: int
    output: Path

    @property
    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.output / "run.json").read_text("utf-8"))
        return found

    def answers(self, task: str = "*") -> list[dict[str, Any]]:
        return [
            {"task": path.parent.name.removeprefix("task="), **row}
            for path in sorted(self.output.glob(f"answers/task={task}/*.parquet"))
            for row in rows(path)
        ]

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [row for path in self.output.glob("failures/*.parquet") for row in rows(path)]

    @property
    def costs(self) -> list[dict[str, Any]]:
        return [row for path in self.output.glob("costs/*.parquet") for row in rows(path)]

    @property
    def asked(self) -> list[tuple[str, int, str]]:
        """Name, page and task of every row of answers and failures, sorted."""
        both = [*self.answers(), *self.failures]
        return sorted((Path(row["uri"]).name, row["page"], row["task"]) for row in both)

    @property
    def values(self) -> dict[tuple[str, int, str], Any]:
        return {(r["uri"], r["page"], r["task"]): r["answer"] for r in self.answers()}

    @property
    def reasons(self) -> dict[tuple[str, str], str]:
        return {(Path(r["uri"]).name, r["task"]): r["reason"] for r in self.failures}

    @property
    def cost(self) -> int:
        """The costs in nano-dollars, after a look at whether all tables say the same."""
        costs = nano(self.costs, "cost_usd")
        caches = nano([row for row in self.costs if row["outcome"] == "cache"], "cost_usd")
        assert costs == nano(self.answers(), "cost_usd") + nano(self.failures, "cost_usd") + caches
        assert costs == int(Decimal(self.run["totals"]["cost_usd"]).scaleb(9))
        return costs


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return found


def nano(table: list[dict[str, Any]], column: str) -> int:
    total = sum((row[column] for row in table), Decimal(0)).scaleb(9)
    assert total == int(total)
    return int(total)


Classify = Callable[..., Finished]


@pytest.fixture(scope="session", autouse=True)
def _signatures() -> Iterator[None]:
    yield from signatures.remembered()


@pytest.fixture
def classify(gemini: Any, tmp_path: Path) -> Classify:
    """Runs the job against the emulator of the test; `tasks` is the text of a tasks file."""

    def run(
        images: Path, *flags: str, tasks: str = TASKS, output: str = "out", status: int | None = 0
    ) -> Finished:
        tasks_file = tmp_path / "tasks.yaml"
        tasks_file.write_text(tasks, "utf-8")
        out = tmp_path / output
        words = [f"--input={images}", f"--tasks={tasks_file}", f"--output={out}"]
        found = main(["run", *words, f"--gemini_endpoint={gemini.url}", *flags])
        assert status is None or found == status
        return Finished(found, out)

    return run


@pytest.fixture(scope="session")
def running_batch_gemini(running_buckets: Bucket) -> Iterator[EmulatedGemini]:
    """One that was started when there were buckets already, and is quick with its jobs."""
    del running_buckets
    with running_emulator(EmulatorConfig(batch_delay_s=0.02)) as url:
        yield EmulatedGemini(url)


@pytest.fixture
def batch_runs(running_batch_gemini: EmulatedGemini, bucket: Bucket, tmp_path: Path) -> BatchRuns:
    running_batch_gemini.reset()
    return BatchRuns(running_batch_gemini, tmp_path, bucket)


@pytest.fixture
def photos(draw: Callable[..., bytes], tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small pictures, 000.jpg and so on, all different."""

    def make(count: int, folder: str = "photos", first: int = 0) -> Path:
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            (place / f"{number:03}.jpg").write_bytes(draw(number))
        return place

    return make


@pytest.fixture(scope="session")
def page() -> Callable[..., bytes]:
    """Draws grey pictures, some with small text that the media resolution low cannot show."""

    def drawn(number: int, *, bright: bool, written: bool) -> bytes:
        """A grey picture of 4:3, with a line of text too small for the media resolution low."""
        ground = (200 if bright else 20) + number % 12
        image = Image.new("RGB", (1296, 972), (ground, ground, ground + number))
        draw, chance = ImageDraw.Draw(image), random.Random(number)
        for _ in range(9):  # no two look alike
            left, top = chance.randrange(1200), chance.randrange(900)
            shade = ground + chance.choice((-18, 30))
            draw.rectangle((left, top, left + 300, top + 90), (shade, shade, shade))
        if written:
            font = ImageFont.load_default(size=9)
            ink = 0 if bright else 255
            text = "the quick brown fox jumps over the lazy dog and runs away with it " * 4
            for line in range(12):
                ImageDraw.Draw(image).text((40, 60 + line * 24), text, (ink, ink, ink), font)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    return drawn


@pytest.fixture(scope="session")
def shades(
    tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]
) -> Callable[[int], Path]:
    """Makes a folder of grey pictures, 00.jpg and so on, bright and dark by turns."""

    def make(count: int) -> Path:
        folder = tmp_path_factory.mktemp("shades")
        for number in range(count):
            data = page(number, bright=number % 2 == 0, written=False)
            (folder / f"{number:02}.jpg").write_bytes(data)
        return folder

    return make
