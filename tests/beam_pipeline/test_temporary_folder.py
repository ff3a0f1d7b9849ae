"""Nothing of a run is left in the temporary folder, and what killed ones left is cleaned."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'


def test_the_next_run_cleans_what_killed_ones_left(
    tmp_path: Path, photos: Callable[..., Path], gemini: Any
) -> None:
    place, folder = tmp_path / "temporary", photos(20)
    place.mkdir()
    (place / "beam-pipeline-temp-old").mkdir()
    os.utime(place / "beam-pipeline-temp-old", (0, 0))
    (place / "beam-pipeline-temp-new").mkdir()
    (place / "tierwise-of-somebody").mkdir()
    (tmp_path / "tasks.yaml").write_text(TASKS)
    words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    command = [sys.executable, "-m", "tierwise", "run", *words, f"--gemini_endpoint={gemini.url}"]

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(place)}
        out = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=out, stderr=out)

    gemini.faults({"kind": "latency", "ms": 2000})
    with start() as killed:
        end = time.monotonic() + 60
        while not gemini.requests():
            assert time.monotonic() < end
            time.sleep(0.05)
        killed.kill()
    assert len(list(place.iterdir())) == 3
    gemini.faults()
    with start() as whole:
        assert whole.wait(timeout=60) == 0
    left = sorted(path.name for path in place.iterdir())
    assert left == ["beam-pipeline-temp-new", "tierwise-of-somebody"]
