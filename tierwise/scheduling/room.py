"""How many lives a process may have under way, whichever bundles they belong to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from tierwise.answering.plan import Plan


class Room:
    """Never more than `most` lives, which bundles of any number of threads share.

    A bundle takes room for `at_a_time` lives, a whole request, so that it need not share one out
    among requests that nobody can fill. Where some wait, the one that began first comes first:
    bundles end one after the other, and not all at once. A bundle that waits holds no room that it
    does not use, so whatever is free comes to somebody.
    """

    def __init__(self, most: int, at_a_time: int = 1) -> None:
        self.most = most
        self._at_a_time = at_a_time
        self._free = most
        self._lock = threading.Lock()
        self._turns = count()
        self._taken: dict[int, int] = {}
        self._waiting: dict[int, Callable[[], object]] = {}

    @property
    def short(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def turn(self) -> int:
        """For a bundle that begins: its place among all."""
        with self._lock:
            return next(self._turns)

    def take(self, turn: int, wake: Callable[[], object]) -> bool:
        """Room for one life; where there is none, `wake` is called, in any thread, when there is.

        It is called under a lock, and must not come back here.
        """
        with self._lock:
            if not self._taken.get(turn):
                self._waiting.setdefault(turn, wake)
                self._share_out()
            if not self._taken.get(turn):
                return False
            self._taken[turn] -= 1
            return True

    def leave(self) -> None:
        """A life has ended."""
        with self._lock:
            self._free += 1
            self._share_out()

    def rest(self, turn: int) -> None:
        """A bundle has nothing to begin for now: what it has taken and not used is free again."""
        with self._lock:
            self._waiting.pop(turn, None)
            self._free += self._taken.pop(turn, 0)
            self._share_out()

    def _share_out(self) -> None:
        while self._waiting and self._free >= self._at_a_time:
            first = min(self._waiting)
            self._free -= self._at_a_time
            self._taken[first] = self._taken.get(first, 0) + self._at_a_time
            self._waiting.pop(first)()


@dataclass(frozen=True, slots=True)
class Rooms:
    """Of one process: for files that are asked, for groups, and under a cap for whole shards."""

    images: Room
    groups: Room
    shards: Room

    @classmethod
    def of(cls, plan: Plan) -> Rooms:
        """As many as fill every slot."""
        return cls(
            images=Room(plan.images_in_flight, plan.images_per_request),
            groups=Room(plan.groups_in_flight),
            shards=Room(plan.shards_in_flight),
        )
