"""How fast a run goes just now, and how long it will take at that speed (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tierwise.scheduling.tally import Tally

# Long enough that a slow reply is no news, short enough to follow a quota that opens.
_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    files: int
    requests: int


@dataclass(slots=True)
class Speed:
    """Speeds over the last minute; times are seconds of a clock that never goes back."""

    _seen: deque[_Seen] = field(default_factory=deque)

    def note(self, at_s: float, tally: Tally) -> None:
        """Take in how far the run is."""
        self._seen.append(_Seen(at_s, tally.files, tally.requests))
        while self._seen[-1].at_s - self._seen[0].at_s > _WINDOW_S:
            self._seen.popleft()

    @property
    def requests_per_s(self) -> float:
        """Requests that were answered, per second; 0 before two looks."""
        return self._per_s(lambda seen: seen.requests)

    def seconds_left(self, total: int) -> float | None:
        """For all files, at this speed; None while nothing moves."""
        files_per_s = self._per_s(lambda seen: seen.files)
        if not files_per_s:
            return None
        return max(0, total - self._seen[-1].files) / files_per_s

    def _per_s(self, figure: Callable[[_Seen], int]) -> float:
        if len(self._seen) < 2:
            return 0.0
        first, last = self._seen[0], self._seen[-1]
        seconds = last.at_s - first.at_s
        return (figure(last) - figure(first)) / seconds if seconds > 0 else 0.0
