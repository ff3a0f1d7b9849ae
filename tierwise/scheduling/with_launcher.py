"""A worker process ends with the one that launched it, where both are on one machine."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

from tierwise.scheduling.running import interrupt_all
from tierwise.storage.process import Process

# How often a worker looks for its launcher, and how long it then waits for replies under way.
_LOOK_S, _GRACE_S = 0.1, 1.5


@cache
def end_with(launcher: Process) -> None:
    """End this process soon after the one that alone can make tables of its answers."""
    if launcher.pid != os.getpid():
        threading.Thread(target=_watch, args=[launcher], daemon=True).start()


def _watch(launcher: Process) -> None:
    while not launcher.gone:
        time.sleep(_LOOK_S)
    interrupt_all(_GRACE_S)
    os._exit(1)
