"""A store that is away is waited for, and asked no more when nothing comes from it.

| what becomes of a read              | then                                                     |
|-------------------------------------|----------------------------------------------------------|
| it goes well                        | whatever was doubted of its store is over                |
| it may go well later, others do now | tried again for half a minute: it may be this file alone |
| it may go well later, none does now | tried again while patience lasts, then the store ended   |
| it is refused                       | not tried again; after 50 in a row the store ended, or   |
|                                     | after 500 where any read ever went well                  |
| its store has ended                 | not tried, but for one a minute: a later run asks        |

Where nothing was ever read, patience is a fifth, as with Gemini. A store is one bucket or disk, and
each process judges for itself: to be refused costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tierwise.storage.stores import store_of
from tierwise.storage.troubles import is_of_the_store, passes, why_unread

Found = TypeVar("Found")

# Refused one after the other: by chance, where nine of ten are refused, once in two hundred runs.
_MANY, _MANY_AFTER_A_READ = 50, 500
_BEFORE_FIRST = 1 / 5
_ALONE_S, _PROBE_S = 30.0, 60.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 8.0


@dataclass(slots=True)
class Standing:
    """Of one store. Pure: the time is told, in seconds of one clock.

    Several threads tell it what came; where two do so at once, one may not be counted.
    """

    replies: int = 0
    was_read: bool = False
    ended: OSError | None = None
    _refused: int = 0
    _next_probe: float = 0.0

    def may_try(self, now: float) -> bool:
        """Whether to read at all."""
        if self.ended is None:
            return True
        if now < self._next_probe:
            return False
        self._next_probe = now + _PROBE_S
        return True

    def replied(self, *, read: bool) -> None:
        """A call went well; with `read`, bytes came. A refusal is a reply too."""
        self.replies += 1
        if read:
            self.was_read, self._refused, self.ended = True, 0, None

    def failed(self, error: OSError, attempt: Attempt, now: float) -> bool:
        """A read did not; whether to try it again."""
        if self.ended:
            return False
        if passes(error):
            return self._is_waited_for(error, attempt, now)
        self.replies += 1
        if is_of_the_store(error):
            self._refused += 1
            if self._refused >= (_MANY_AFTER_A_READ if self.was_read else _MANY):
                self._end(error, now)
        return False

    def _is_waited_for(self, error: OSError, attempt: Attempt, now: float) -> bool:
        waited_s = now - attempt.began
        if self.replies > attempt.replies:
            return waited_s < min(_ALONE_S, attempt.patience_s)
        if waited_s < attempt.patience_s * (1 if self.was_read else _BEFORE_FIRST):
            return True
        self._end(error, now)
        return False

    def _end(self, error: OSError, now: float) -> None:
        self.ended, self._next_probe = error, now + _PROBE_S


@dataclass(frozen=True, slots=True)
class Attempt:
    """One file that is read: when that began, and how many replies there had been by then."""

    began: float
    replies: int
    patience_s: float


_standings = dict[str, Standing]()


def judge_stores_anew() -> None:
    """Another run begins in this process."""
    _standings.clear()


def read_patiently(
    read: Callable[[], Found], path: str, name: str, patience_s: float, *, bytes_come: bool = True
) -> Found:
    """What `read` returns of the file at a path, if need be after some tries.

    `bytes_come` where it reads any: only then its going well shows that others can be read.

    Raises:
        ImageError: there is no such file, or its store did not give it; it speaks of `name`.
    """
    store = store_of(path)
    standing = _standings.setdefault(store, Standing())
    attempt = Attempt(time.monotonic(), standing.replies, patience_s)
    wait_s = _FIRST_WAIT_S
    while True:
        if (ended := standing.ended) and not standing.may_try(time.monotonic()):
            raise why_unread(f"{store} is not asked any more", ended, ended=True)
        try:
            found = read()
        except OSError as error:
            if not standing.failed(error, attempt, time.monotonic()):
                raise why_unread(name, error) from error
        except ValueError as error:  # a name that no file can have
            raise why_unread(name, error) from error
        else:
            standing.replied(read=bytes_come)
            return found
        time.sleep(min(wait_s, patience_s / 10))
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
