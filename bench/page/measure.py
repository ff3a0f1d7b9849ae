"""How the page grows with the archive: size, CPU time and memory of `tierwise report`.

    python -m bench.page.measure [1000 10000 100000 1000000]

Tables are made as a run leaves them: three tasks, one of them with 500 labels, old labels, an audit
of a hundredth, 2 % failures, 2,000 thumbnails of noise, which are larger than photographs.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.tierwise.publishing.finished import answers, asked, digest, failures, finished
from tierwise.storage.thumbnail_files import thumbnails_below

_PER_FILE = 20_000
_THUMBNAILS = 2_000
_CHILD = """
import sys, time
from pathlib import Path
from tierwise.beam_pipeline.__main__ import main
import tierwise.beam_pipeline.commands.report
def peak():  # of this program alone: what getrusage says includes its parent before the exec
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024
before = peak()
status = main(["report", "--output=" + sys.argv[1]])
print(status, round(time.process_time(), 2), peak(), before)
"""


def make(folder: Path, images: int) -> None:
    """A finished run over so many pictures."""
    many = asked("kind", labels=[f"label {number:03}" for number in range(500)], old_column="old")
    few = asked("category", labels=["landscape", "city", "people", "document"])
    audit = asked("category@audit", labels=few.labels, audit_of="category")
    words = asked("words", labels=(), kind="text")
    uris = [f"photos/{number // 1000:04}/{number:08}.jpg" for number in range(images)]
    tables = {
        many: [_part(some, many.labels, old=True) for some in _parts(uris)],
        few: [_part(some, few.labels) for some in _parts(uris)],
        audit: [_part(uris[::100], few.labels[::-1])],
        words: [answers(some, [f"a picture, {uri}" for uri in some]) for some in _parts(uris)],
    }
    made = finished(folder, tables, failed=failures([f"bad/{uri}" for uri in uris[::50]]))
    kept = thumbnails_below(str(made.folder))
    noise = np.random.default_rng(1)
    for uri in sorted(uris, key=digest)[:_THUMBNAILS]:
        pixels = noise.integers(0, 255, (107, 160, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=70)
        kept.write(digest(uri), 1, buffer.getvalue())


def _parts(uris: list[str]) -> list[list[str]]:
    return [uris[begin : begin + _PER_FILE] for begin in range(0, len(uris), _PER_FILE)]


def _part(uris: list[str], labels: tuple[str, ...], *, old: bool = False) -> object:
    values = [labels[int(digest(uri)[-6:], 16) % len(labels)] for uri in uris]
    if not old:
        return answers(uris, values)
    before = [labels[int(digest(uri)[-7:-1], 16) % len(labels)] for uri in uris]
    return answers(uris, values, columns={"old": "string"}, old=before)


def main(sizes: list[int]) -> None:
    """Print a row for each size."""
    print("pictures  rows of answers  page MB  CPU s  peak MiB  of it before the tables")
    for images in sizes:
        with tempfile.TemporaryDirectory() as place:
            make(Path(place), images)
            done = subprocess.run(
                [sys.executable, "-c", _CHILD, place], capture_output=True, text=True, check=True
            )
            status, cpu, most, before = done.stdout.split()[-4:]
            assert status == "0"
            size = (Path(place) / "report.html").stat().st_size
            rows = 3 * images + images // 100
            print(f"{images:8}  {rows:15}  {size / 1e6:7.2f}  {cpu:>5}  {most:>8}  {before:>8}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000])
