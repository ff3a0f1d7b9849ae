"""What one content with very many names costs a worker: `python -m bench.scale.hot_key`.

The shuffles of a run, through Beam, without questions: names meet, one of each content goes on, and
all get its answer. Names are of one content, or of one in a hundred: the engine holds the same
names in its shuffles both times, so that the difference is what one key with all of them takes. On
the local runner, megabytes are the most that its process had, less what it began with; on Flink,
the most that any worker process had.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam

from bench.scale.memory import environment, sizes_mb, worker_pool
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.memory import give_back_large_buffers
from tierwise.questions import as_written
from tierwise.records import (
    Answered,
    Failure,
    ImageFile,
    MediaResolution,
    Page,
    Reason,
    ServiceTier,
)
from tierwise.tasks import load_tasks
from tierwise.transforms.name_answers import NameAnswers
from tierwise.transforms.shard import Shard
from tierwise.transforms.share_duplicates import ShareDuplicates

_TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Which?", labels: [x, y]}}'
_QUESTIONS = as_written(load_tasks(_TASKS, path="tasks.yaml"))


def files(names: int, each: int) -> Iterator[ImageFile]:
    """So many names, `each` of one content."""
    for number in range(names):
        uri = f"gs://an-archive-of-pictures/2019/07/{number:08}.jpg"
        yield ImageFile(uri, uri, 700, f"sha256:{number // each:064x}")


def answers(shard: Shard) -> Iterator[Answered]:
    """One for each content."""
    low, standard = MediaResolution.LOW, ServiceTier.STANDARD
    outcome = Failure("r", "a", Page(), Reason.UNREADABLE, "", "model", low, standard)
    for keyed in shard.files:
        yield Answered(keyed.share_key, keyed.file.uri, (outcome,), keyed.parts)


def measure(names: int, each: int, flags: list[str]) -> None:
    """Print seconds of CPU, and the most megabytes."""
    give_back_large_buffers()
    cpu, held = time.process_time(), _most_mb()
    with beam.Pipeline(options=beam_options(flags)) as root:
        named = (
            root
            | beam.Create([None])
            | "Names" >> beam.FlatMap(lambda _: files(names, each))
            | "Spread" >> beam.Map(lambda file: (file.uri, file))
            | "Meet" >> beam.GroupByKey()
            | "File" >> beam.FlatMapTuple(lambda _, some: some)
        )
        shards = named | ShareDuplicates(_QUESTIONS, 2)
        asked = shards | "Answer" >> beam.FlatMap(answers)
        pages = (named, asked) | NameAnswers(_QUESTIONS)
        rows = pages | "One" >> beam.Map(lambda _: 1) | beam.CombineGlobally(sum)
        rows | beam.Map(_expect, names)
    print(f"{time.process_time() - cpu:.1f} {_most_mb() - held:.0f}")


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} rows for {wanted} names")


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=300_000)
    parser.add_argument("--engine", choices=["local", "flink"], default="local")
    parser.add_argument("--each", type=int, help="measure in this process, so many of one content")
    given, flags = parser.parse_known_args()
    if given.each:
        measure(given.names, given.each, flags)
        return
    for each in (100, given.names):
        with tempfile.TemporaryDirectory() as folder:
            told, most_mb = _told(given.engine, given.names, each, Path(folder))
        cpu_s, own_mb = map(float, told.split()[-2:])
        print(
            f"{given.engine}, {given.names:,} names, {each:,} of one content: "
            f"{cpu_s:.0f} s of CPU, {most_mb or own_mb:.0f} MB",
            flush=True,
        )


def _told(engine: str, names: int, each: int, folder: Path) -> tuple[str, float]:
    """What a process of its own says, and the most megabytes of a worker process, if there are."""
    words = [sys.executable, "-m", "bench.scale.hot_key", f"--names={names}", f"--each={each}"]
    most_mb = 0.0
    with (
        worker_pool(engine, folder) as (pool, flags),
        subprocess.Popen(
            [*words, *flags], env=environment(), stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        while process.poll() is None:
            workers = [size for name, size in sizes_mb(pool) if "SdkHarness" in name]
            most_mb = max([most_mb, *workers])
            time.sleep(0.5)
        told = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(told)
    return told, most_mb


if __name__ == "__main__":
    main()
