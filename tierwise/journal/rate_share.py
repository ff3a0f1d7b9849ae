"""A limit of requests per minute, shared among worker processes that come and go.

    journal/workers/<run id>/<slot>/<worker>        an empty file: "I have something to ask"

Time is cut into slots. Whoever has something to ask leaves a mark in the slot that it is in, and
the marks of the last slot say who shares the limit in this one, each an equal part. So all count
the same marks, no two of them speak to each other, and together they stay within the limit while
workers come and go: one that comes waits for the next slot, the part of one that goes is unused
until then. Clocks that differ by some seconds misjudge a slot by as much.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.storage.files import files_for, join

# A thousand workers write and list fifty times a second each: in a bucket some 2 % of their cost.
PERIOD_S = 20.0
# A mark that is left late in a slot might be counted by some and not by others.
_LATEST = 0.75


@dataclass(frozen=True, slots=True)
class RateShare:
    """One worker's view. Slots last `period_s` and are counted from the beginning of Unix time."""

    folder: str
    worker: str
    period_s: float = PERIOD_S

    def slot(self, now: float) -> int:
        """The slot of a moment, in seconds of Unix time."""
        return int(now // self.period_s)

    def left_s(self, now: float) -> float:
        """Seconds until the next slot."""
        return (self.slot(now) + 1) * self.period_s - now

    def comes_too_late(self, now: float) -> bool:
        """Whether a worker that comes now should wait for the next slot to leave its mark."""
        return self.left_s(now) < (1 - _LATEST) * self.period_s

    def enter(self, slot: int, *, wanted: bool) -> float:
        """The part of the limit that is this worker's in a slot: 0 to 1.

        Args:
            slot: the one that goes on.
            wanted: whether it has something to ask, and wants a part in the next slot too.

        Raises:
            OSError: marks cannot be written or read.
        """
        files = files_for(self.folder)
        if wanted:
            files.write(self._mark(slot), b"")
        files.delete(self._mark(slot - 2))
        marks = [stat.uri for stat in files.walk(join(self.folder, str(slot - 1)))]
        return 1 / len(marks) if self._mark(slot - 1) in marks else 0.0

    def _mark(self, slot: int) -> str:
        return join(self.folder, str(slot), self.worker)
