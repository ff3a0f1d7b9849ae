"""A command in a process of its own, measured from outside: wall, CPU, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson

from bench.asking.stub import Behaviour

_LOOK_S, _MEMORY_S = 0.02, 0.3


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of wall and CPU, megabytes of all processes at their worst moment, exit status.

    Memory is the proportional set size: what processes share counts once.
    """

    wall_s: float
    cpu_s: float
    pss_mb: float
    status: int
    output: str


def measure(command: Sequence[str], *, environment: Mapping[str, str], timeout_s: float) -> Spent:
    """Run to the end, or kill it with all its children; its status then is negative."""
    began = time.monotonic()
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},  # as users have it
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.append(process.stdout.read()))  # type: ignore[union-attr]
        reader.start()
        most, looked = 0.0, began
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - looked > _MEMORY_S:
                most, looked = max(most, _memory_mb(process.pid)), time.monotonic()
            if time.monotonic() - began > timeout_s:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_LOOK_S)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - began
        reader.join(5)
    return Spent(
        wall_s,
        usage.ru_utime + usage.ru_stime,
        most,
        process.returncode,
        b"".join(lines).decode(errors="replace"),
    )


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """A stub in its own process; gives its address."""
    command = [sys.executable, "-m", "bench.asking.stub", *behaviour.arguments()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def counts(url: str) -> dict[str, Any]:
    """What a stub saw so far."""
    with urlopen(f"{url}/counts", timeout=10) as reply:
        found: dict[str, Any] = orjson.loads(reply.read())
    return found


def _memory_mb(root: int) -> float:
    """Proportional set size of a process and all below it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(after_name[1])
    total = 0
    for one in parents:
        ancestor = one
        while ancestor not in (root, 0):
            ancestor = parents.get(ancestor, 0)
        if ancestor == root:
            with suppress(OSError, StopIteration):
                rollup = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
                total += int(next(line for line in rollup if line.startswith("Pss:")).split()[1])
    return total * 1024 / 1e6
