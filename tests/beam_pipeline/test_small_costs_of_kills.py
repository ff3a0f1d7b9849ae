"""What a kill, or a machine short of something, may cost: counted by what was billed."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: PACK}
"""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path, gemini: Any) -> Iterator[Start]:
    """Starts a run over tiny pictures, as a process of its own."""
    processes = []

    def begin(
        images: int, *flags: str, pack: int = 1, files: tuple[int, int] = (1024, 4096)
    ) -> subprocess.Popen[bytes]:
        folder = tmp_path / "tiny"
        folder.mkdir(exist_ok=True)
        for number in range(images):
            buffer = io.BytesIO()
            Image.new("RGB", (16, 16), (number % 256, number // 256, 128)).save(buffer, "PNG")
            (folder / f"{number:05}.png").write_bytes(buffer.getvalue())
        (tmp_path / "tasks.yaml").write_text(TASKS.replace("PACK", str(pack)))
        words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tierwise", "run", *words),
                *(f"--gemini_endpoint={gemini.url}", *flags),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, files)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def paid(gemini: Any) -> Counter[str]:
    """How often each picture was paid for."""
    lines = (line for line in gemini.requests() if line["status"] == 200)
    return Counter(image for line in lines for image in line["images"])


def kill_when(process: subprocess.Popen[bytes], gemini: Any, images: int) -> None:
    end = time.monotonic() + 60
    while paid(gemini).total() < images:
        assert time.monotonic() < end, "the run asks nothing"
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def finish(process: subprocess.Popen[bytes], status: int = 0) -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == status, said.decode()


def test_a_kill_in_packs_costs_a_twentieth_of_a_thousand_pictures(
    start: Start, gemini: Any
) -> None:
    gemini.faults({"kind": "latency", "ms": 300})
    kill_when(start(1000, "--requests_in_flight=32", pack=8), gemini, 500)
    gemini.faults()
    finish(start(1000, "--requests_in_flight=32", pack=8))
    found = paid(gemini)
    assert len(found) == 1000
    assert found.total() - 1000 <= 50


def test_three_kills_leave_the_cap_to_be_used_but_for_what_was_under_way(
    start: Start, gemini: Any, tmp_path: Path
) -> None:
    flags = ("--requests_in_flight=8", "--max_cost_usd=0.011")
    gemini.faults({"kind": "latency", "ms": 300})
    for images in (16, 48, 80):
        kill_when(start(200, *flags), gemini, images)
    gemini.faults()
    finish(start(200, *flags), status=3)
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    sums = {name: int(Decimal(usd).scaleb(9)) for name, usd in run["cap"].items()}
    named = [int(Decimal(one["maybe_billed_usd"]).scaleb(9)) for one in run["left_under_way"]]
    assert len(named) <= 3 * 8
    assert sums["maybe_lost_usd"] == sum(named)
    # What is left is less than one more request may cost: everything else was used.
    assert sums["left_usd"] < 2 * max(named)
    spent = sums["spent_before_usd"] + sums["spent_usd"]
    assert spent <= gemini.billed() <= spent + sums["maybe_lost_usd"] <= 11_000_000


@pytest.mark.parametrize("files", [(256, 256), (256, 4096)])
def test_too_few_open_files_cost_nothing_twice(
    files: tuple[int, int], start: Start, gemini: Any
) -> None:
    gemini.faults({"kind": "latency", "ms": 200})
    finish(start(500, "--requests_in_flight=512", files=files))
    found = paid(gemini)
    assert (len(found), found.total()) == (500, 500)


def test_an_output_that_cannot_be_written_any_more_costs_what_was_under_way(
    start: Start, gemini: Any, tmp_path: Path
) -> None:
    """A file stands where the journal's folders were: as root nothing is read-only."""
    gemini.faults({"kind": "latency", "ms": 500})
    process = start(200, "--requests_in_flight=32")
    end = time.monotonic() + 60
    while len(gemini.requests()) < 64:
        assert time.monotonic() < end
        time.sleep(0.01)
    journal = tmp_path / "out" / "journal"
    journal.rename(tmp_path / "journal")
    journal.write_bytes(b"")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1, said.decode()
    journal.unlink()
    (tmp_path / "journal").rename(journal)
    gemini.faults()
    finish(start(200, "--requests_in_flight=32"))
    found = paid(gemini)
    assert len(found) == 200
    assert found.total() - 200 <= 32
