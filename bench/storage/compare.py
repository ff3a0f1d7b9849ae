"""One run from a disk and from buckets of more and less latency: time, and requests per object.

python -m bench.storage.compare [--pictures=2000] [--repeats=3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg

from bench.asking.measuring import Spent, counts, measure, serving
from bench.asking.stub import Behaviour

_LATENCIES_MS = (0, 30, 100)
_KINDS = ("list", "stat", "read", "write", "copy", "delete", "connections")
_TASKS = """
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which category fits this picture best?
    labels: [landscape, city, animal]
    media_resolution: low
    images_per_request: 8
"""


@dataclass
class Store:
    """A storage emulator in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def asked(self) -> dict[str, int]:
        """Requests by kind since this was called last."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, int] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def storing(latency_ms: int) -> Iterator[Store]:
    command = [sys.executable, "-m", "tests.bucket", "0", str(latency_ms)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            yield Store(process, process.stdout.readline().strip())
        finally:
            process.kill()


def draw(folder: Path, count: int) -> None:
    """Tiny distinct pictures, so that the store is what is measured."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(7)
    for number in range(count):
        pixels = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        (folder / f"{number:06}.jpg").write_bytes(simplejpeg.encode_jpeg(pixels, 85))


def upload(store: Store, folder: Path) -> None:
    """In a process of its own, which connects to this store alone."""
    program = (
        "import sys; from pathlib import Path; from concurrent.futures import ThreadPoolExecutor\n"
        "from tierwise.storage.gcs_files import GcsFiles\n"
        "files = GcsFiles()\n"
        "def put(path): files.write(f'gs://archive/photos/{path.name}', path.read_bytes())\n"
        "with ThreadPoolExecutor(32) as pool: list(pool.map(put, Path(sys.argv[1]).iterdir()))\n"
    )
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": store.url}
    subprocess.run([sys.executable, "-c", program, str(folder)], env=environment, check=True)


def classify(place: str, output: str, tasks: Path, store: Store | None) -> tuple[Spent, float]:
    """A run, and the seconds from its first request to the last answer."""
    with serving(Behaviour(mean_ms=200, sigma=0)) as url:
        # Some 2,000 thumbnails are kept of any archive; here that would be one of each picture.
        flags = [f"--input={place}", f"--output={output}", f"--tasks={tasks}", "--no_thumbnails"]
        command = [sys.executable, "-m", "beam_pipeline", "run", *flags, f"--gemini_endpoint={url}"]
        environment = {"STORAGE_EMULATOR_HOST": store.url} if store else {}
        spent = measure(command, environment=environment, timeout_s=600)
        return spent, float(counts(url)["accepted_span_s"])


def show(name: str, found: list[tuple[Spent, float]], asked: dict[str, int], pictures: int) -> None:
    walls = [spent.wall_s for spent, _ in found]
    rates = [pictures / span if span else 0 for _, span in found]
    cpu = statistics.median(spent.cpu_s for spent, _ in found)
    shares = "  ".join(f"{kind} {asked.get(kind, 0) / pictures:.3f}" for kind in _KINDS)
    statuses = {spent.status for spent, _ in found} - {0}
    print(
        f"{name:18} wall {min(walls):5.1f}-{max(walls):5.1f} s  "
        f"images/s {min(rates):4.0f}-{max(rates):4.0f}  CPU {cpu:5.1f} s  "
        f"{shares if asked else ''}  {f'FAILED {statuses}' if statuses else ''}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos, tasks = Path(place, "photos"), Path(place, "tasks.yaml")
        draw(photos, given.pictures)
        tasks.write_text(_TASKS)
        found = [
            classify(str(photos), f"{place}/out{n}", tasks, None) for n in range(given.repeats)
        ]
        show("disk", found, {}, given.pictures)
        for latency_ms in _LATENCIES_MS:
            with storing(latency_ms) as store:
                upload(store, photos)
                found = []
                for number in range(given.repeats):
                    store.asked()
                    output = f"gs://results/out{number}"
                    found.append(classify("gs://archive/photos", output, tasks, store))
                asked = store.asked()
                show(f"bucket, {latency_ms} ms", found, asked, given.pictures)
                again = [classify("gs://archive/photos", "gs://results/out0", tasks, store)]
                show("  and again", again, store.asked(), given.pictures)


if __name__ == "__main__":
    main()
