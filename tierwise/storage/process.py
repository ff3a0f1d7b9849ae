"""Which process of which machine a run belongs to, and whether it is still there."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Process:
    """Where a run's command runs.

    `space` names the boot and the process numbers' own space (containers have theirs), empty where
    the system tells neither; `began` is when the process started, in ticks of the system.
    """

    host: str
    pid: int
    space: str = ""
    began: str = ""

    @classmethod
    def this(cls) -> Self:
        """The process that asks."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _space(), _began(pid))

    @property
    def gone(self) -> bool:
        """Whether it surely has ended; False where that cannot be seen from here."""
        here = Process.this()
        if not self.space or (self.host, self.space) != (here.host, here.space):
            return False
        return _began(self.pid) != self.began

    @property
    def alive(self) -> bool:
        """Whether it surely goes on; False where that cannot be seen from here."""
        here = Process.this()
        if not self.space or (self.host, self.space) != (here.host, here.space):
            return False
        return bool(self.began) and _began(self.pid) == self.began

    @property
    def restarted(self) -> bool:
        """Whether its machine is this one, and has been started anew since."""
        here = Process.this()
        boot, ours = self.space.partition("/")[0], here.space.partition("/")[0]
        return self.host == here.host and bool(boot) and boot != ours


def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return ""


def _began(pid: int) -> str:
    """When a process started; empty when there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, ticks = after_name[0], after_name[19]
    return "" if state in "ZX" else ticks  # a process that was killed and not yet waited for
