"""What the requests of a process did, gathered where they run and counted elsewhere.

Beam's counters work on Beam's own threads alone, and requests live on an event loop. So they are
noted here, and whoever counts takes what came since the last time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Observed:
    """What came since it was taken last.

    `images` has the images of each request that was sent, `retries` is how many of them were no
    first try, `latencies_ms` has the milliseconds of each reply with a 200, and `throttled_s` are
    the seconds in which requests that were ready waited for a quota or a pause.
    """

    images: list[int] = field(default_factory=list)
    retries: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    throttled_s: float = 0.0


class Observations:
    """Noted on one thread, taken on any."""

    def __init__(self, waits: Callable[[str, float], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._observed = Observed()
        self._waits = waits

    def sent(self, images: int, *, again: bool) -> None:
        """A request was sent."""
        with self._lock:
            self._observed.images.append(images)
            self._observed.retries += again

    def replied(self, latency_ms: int) -> None:
        """A 200 came."""
        with self._lock:
            self._observed.latencies_ms.append(latency_ms)

    def throttled(self, seconds: float) -> None:
        """Requests that were ready waited."""
        with self._lock:
            self._observed.throttled_s += seconds

    def waits(self, why: str, seconds: float) -> None:
        """The service asked everybody to wait; told at once, for nothing is counted meanwhile."""
        if self._waits:
            self._waits(why, seconds)

    def take(self) -> Observed:
        """Everything since the last time; of several that take, each gets its own part."""
        with self._lock:
            taken, self._observed = self._observed, Observed()
        return taken
