"""When a process stops asking: a verdict of many, never of one. Pure: the time is told.

| what came                                                       | counts as                      |
|-----------------------------------------------------------------|--------------------------------|
| a 200, whatever it says                                         | a success                      |
| 401, 403, 404, a bad key, 402, a quota of a day, credit used up | a refusal, of all who ask so   |
| 400, 413, other 4xx; 403 and 404 of an object in a bucket       | a rejection, of what was asked |
| 429 of a minute, 5xx, no connection, no token, no reply         | an outage: a matter of time    |

Refusals concern a model at a service tier, rejections a task asked so, an outage the service. Each
has a standing of its own, and moves like this:

    open   ──▶ doubt   five different contents refused in a row, with no success between, or ten
                       times the few that there are; once, where Google's words leave no doubt
    doubt  ──▶ open    a success, whenever it was sent
    doubt  ──▶ ended   refused with a fresh token, and again after a pause; as often in a row as
                       would come by chance once in 10^12 at the rate of odd refusals seen so far;
                       for half a minute if anything was ever answered, and not one picture alone;
                       and no other process says that it is answered
    doubt  ──▶ alone   others are answered, and it lasts for all of `--give_up_after_s`
    ended  ──▶ open    another process is answered after all

In doubt one request at a time goes out. Ended, what is left becomes rows with Google's words, which
the next run asks. Alone, nothing becomes a row: the work goes back to the runner, for another
process. Rejections end a task only if it was never answered: once it was, they are their pictures'.
Before that, few are asked at a time, so that a question that is refused throughout costs few
requests.
"""

from __future__ import annotations

import math

from tierwise.gemini.hearing import Hearing, Phase, Refused, Rule

# Contents refused in a row before anything is doubted.
ENOUGH = 5
_FEW = 2
# By chance, at the rate of odd refusals seen so far, so many in a row come so rarely.
_RARELY = 1e-12
# Before any was seen, as if one in a hundred requests had been a hundredth of one.
_ODD_BEFORE = 0.01
# Older requests count for less, so that a rate that changes is followed.
_REMEMBERED = 4096.0
# How long doubt lasts at least, and the first pause in it; shares of patience, and at most seconds.
_LASTS, _LASTS_S = 1 / 10, 30.0
_FIRST_PAUSE, _FIRST_PAUSE_S = 1 / 150, 2.0


class Standing:
    """Of a model at a service tier: whether whoever asks it is refused."""

    def __init__(self, rule: Rule) -> None:
        self.hearing = Hearing(rule)
        self._rule = rule
        self._answered = False
        self._successes = self._odd = 0.0
        self._forget_row()

    def wait_s(self, now: float) -> float:
        """Seconds until a request may start: 0 for at once, inf when only news can tell."""
        if self.hearing.phase is not Phase.DOUBT:
            return 0.0
        return math.inf if self._probing else max(0.0, self._resume - now)

    def start(self) -> bool:
        """A request starts; whether it is one that tries a doubt, which needs a fresh token."""
        self._probing = self.hearing.phase is Phase.DOUBT
        return self._probing

    def leave(self, *, probe: bool) -> None:
        """A request is over, whatever came of it."""
        if probe:
            self._probing = False

    def success(self) -> None:
        """A 200 came: whatever was refused before was odd."""
        self._answered = True
        self._odd += self._row
        self._successes += 1
        if self._odd + self._successes > _REMEMBERED:
            self._odd, self._successes = self._odd / 2, self._successes / 2
        if self._row:
            self._forget_row()
        if self.hearing.phase is not Phase.OPEN:
            self.hearing.close()

    def refusal(
        self, content: str, why: Refused, now: float, *, probe: bool = False, certain: bool = False
    ) -> None:
        """A request was refused, for a reason that concerns all; `certain` if beyond doubt."""
        self._row += 1
        if len(self._contents) < ENOUGH:
            self._contents.add(content)
        if self.hearing.phase is Phase.OPEN and (certain or self._many):
            self.hearing.open(why, now)
            self._resume, self._certain = now, certain
        elif probe:
            self._tried += 1
            first_s = min(_FIRST_PAUSE_S, self._rule.patience_s * _FIRST_PAUSE)
            self._resume = now + min(first_s * 2 ** (self._tried - 1), self._lasts_s)
        if self._enough(now):
            self.hearing.settle(now)

    @property
    def _many(self) -> bool:
        """Whether so many contents were refused; fewer may be all that this process has at hand."""
        if not self._answered:
            return self._row >= ENOUGH
        return len(self._contents) >= ENOUGH or self._row >= 2 * ENOUGH

    def _enough(self, now: float) -> bool:
        if self.hearing.since is None or self._tried < 2:
            return False
        lasted_s = now - self.hearing.since
        if not self._answered or self._certain:
            return True
        if len(self._contents) < _FEW and not self.hearing.shared:
            return False  # it may be this picture
        if lasted_s >= self._rule.patience_s:
            return True
        return lasted_s >= self._lasts_s and self._row >= self._too_many()

    @property
    def _lasts_s(self) -> float:
        """How long nothing but refusals must come, of a model that has answered before."""
        return min(_LASTS_S, _LASTS * self._rule.patience_s)

    def _too_many(self) -> float:
        """How many in a row are no chance."""
        odd = (self._odd + _ODD_BEFORE) / (self._odd + self._successes + 1)
        return math.log(_RARELY) / math.log(odd)

    def _forget_row(self) -> None:
        self._row = self._tried = 0
        self._contents = set[str]()
        self._probing = self._certain = False
        self._resume = 0.0
