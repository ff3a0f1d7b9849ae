"""Files without an end, or with one far away, cost an archive neither time nor memory."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tests.confined import confined

ROOT = Path(__file__).parents[2]
TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'
SIDE = 9000
# Of the command's own processes, all together less than any of the large files.
MOST_BYTES = 2_500_000_000


def sparse(path: Path, size: int, head: bytes = b"") -> None:
    path.write_bytes(head)
    os.truncate(path, size)


def tiff(path: Path) -> None:
    """A valid picture of 243 MB, whose pixels take no room on the disk, its directory last."""
    size = SIDE * SIDE * 3
    tags = [(256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 3, 3, 8 + size), (259, 3, 1, 1)]
    tags += [(262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, SIDE), (279, 4, 1, size)]
    sparse(path, 8 + size, struct.pack("<2sHI", b"II", 42, 8 + size + 6))
    with path.open("ab") as file:
        file.write(struct.pack("<HHH", 8, 8, 8) + struct.pack("<H", len(tags)))
        for tag, kind, count, value in tags:
            file.write(struct.pack("<HHI", tag, kind, count) + struct.pack("<I", value))
        file.write(struct.pack("<I", 0))


@pytest.fixture
def archive(tmp_path: Path, photos: Callable[..., Path]) -> Path:
    """Three pictures among what is none, and a manifest that names worse."""
    folder = photos(3)
    sparse(folder / "backup.tar", 8_000_000_000)
    sparse(folder / "noending", 4_000_000_000)
    sparse(folder / "false.jpg", 5_000_000_000)
    sparse(folder / "layers.psd", 2_000_000_000, b"8BPS\0\1")
    sparse(folder / "image.iso", 390_000_000)
    os.mkfifo(folder / "pipe.png")
    for number in range(2):
        tiff(folder / f"{number}.tif")
    names = [f"photos/{path.name}" for path in sorted(folder.iterdir())]
    names += ["/dev/zero", "/proc/kmsg", "/dev/tty", "/etc/passwd", "photos"]
    (tmp_path / "all.csv").write_text("uri\n" + "\n".join(names) + "\n")
    return tmp_path


def command(archive: Path, gemini: Any, *words: str) -> str:
    (archive / "tasks.yaml").write_text(TASKS)
    done = subprocess.run(
        confined(
            *("-m", "tierwise", *words, f"--tasks={archive}/tasks.yaml"),
            *(f"--output={archive}/out", f"--gemini_endpoint={gemini.url}"),
            data_bytes=MOST_BYTES,
        ),
        cwd=archive,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("found", ["photos", "all.csv"])
def test_what_has_no_end_in_sight_costs_its_own_row(found: str, archive: Path, gemini: Any) -> None:
    assert "5 images" in command(archive, gemini, "plan", f"--input={found}")
    command(archive, gemini, "run", f"--input={found}")
    run = Finished(0, archive / "out")
    assert len(run.answers()) == 5
    reasons = {name: reason for (name, _), reason in run.reasons.items()}
    wanted = dict.fromkeys(["backup.tar", "noending", "false.jpg", "layers.psd"], "too_large")
    wanted |= dict.fromkeys(["image.iso", "pipe.png"], "unsupported_format")
    if found == "all.csv":
        names = ["zero", "kmsg", "tty", "passwd", "photos"]
        wanted |= dict.fromkeys(names, "unsupported_format")
    assert reasons == wanted
    messages = " ".join(row["message"] for row in run.failures)
    assert "root" not in messages
    assert b"root:x".hex(" ") not in messages
