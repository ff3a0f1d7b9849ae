"""How many requests a struggling service is asked at a time. Pure: the time is told.

A quota shows in 429s, of which `pace` learns a rate. A service that has too much to do says 503 or
504, closes connections, or says nothing; it needs fewer requests at a time:

    more than two fifths of a round fail ──▶ 0.7 times as many at a time
    fewer do                             ──▶ a tenth more, at least one
    none does, round after round         ──▶ a tenth more, then two tenths ... to five, at least one
    one at a time, and it fails          ──▶ nothing starts for 1 s, 2 s, 4 s ... 30 s, then one;
                                             when it is answered, one more for each reply, up to
                                             where the failing began
    nothing but failures for too long    ──▶ hopeless: what is left is for another day

A round is the first so many requests that are started under an allowance, at least eight: failures
come quicker than replies, and among whatever is heard first they would be too many. Two fifths, for
failures that come by chance, whatever is asked, would else slow everything down for nothing.
Whatever says nothing of how many may be under way, such as a 429, leaves its round, which is the
smaller for it: a round that waited for it would never end, and nothing would change any more.
"""

from __future__ import annotations

PATIENCE_S = 300.0
_MANY = 0.4
_FEWER = 0.7
_MORE = 0.1
_MOST_MORE = 0.5
_LEAST_ROUND = 8
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
# Fewer in a row may be those of one image that is tried again.
_OUTAGE = 8
# Before the very first reply: a wrong address should not take minutes to notice.
_PATIENCE_BEFORE_FIRST = 1 / 5


class Concurrency:
    """All times are seconds of one clock; requests are known by their number, from 1.

    Args:
        most: requests at a time when all goes well, from 1.
        patience_s: how long nothing but failures may come until that is `hopeless`.
    """

    def __init__(self, most: int, patience_s: float) -> None:
        self._most = float(most)
        self._patience_s = patience_s
        self._allowed = self._most
        self._started = 0
        self._good_rounds = 0  # without a failure, one after the other
        self._begin_round()
        self._answered = False  # ever
        self._failing_since: float | None = None
        self._failed_in_row = 0
        self._window_s = 0.0
        self._before_failing = self._most
        self._wait_s = 0.0
        self._waited_after = 0
        self._recover_to = 0.0

    @property
    def answered(self) -> bool:
        """Whether any request ever was."""
        return self._answered

    @property
    def allowed(self) -> int:
        """Requests that may be under way now, at least 1."""
        return int(self._allowed)

    def start(self, number: int) -> None:
        """A request is started; numbers rise."""
        self._started = number

    def reply(self, number: int) -> None:
        """A request was answered, be it with a refusal of what it asked."""
        self._answered = True
        self._failing_since, self._failed_in_row, self._wait_s = None, 0, 0.0
        self._window_s = 0.0
        if self._allowed < self._recover_to:
            self._allowed = min(self._allowed + 1, self._recover_to)
        if self._in_round(number):
            self._replies += 1
            self._end_round()

    def refusal(self, number: int, now: float, window_s: float = 0.0) -> None:
        """A request was refused for a quota, which says nothing of how many may be under way.

        To wait out `window_s`, twice, is no outage.
        """
        self._answered = True
        self._window_s = max(self._window_s, window_s)
        self._count_failure(now)
        self.leave(number)

    def leave(self, number: int) -> None:
        """Nothing is to be learned from what became of a request."""
        if self._in_round(number):
            self._left += 1
            self._end_round()

    def failure(self, number: int, now: float) -> float:
        """The service failed; gives the seconds for which nothing should start, mostly 0."""
        self._count_failure(now)
        if self.allowed == 1 and self._failed_in_row >= _OUTAGE:
            self.leave(number)
            return self._next_wait_s(number)
        if self._in_round(number):
            self._failures += 1
            if self._failures > _MANY * self._round:
                self._slow_down()
            self._end_round()
        return 0.0

    def failing_s(self, now: float) -> float:
        """For how long nothing but failures came."""
        return 0.0 if self._failing_since is None else now - self._failing_since

    def hopeless(self, now: float) -> bool:
        """Whether that is longer than patience allows."""
        share = 1.0 if self._answered else _PATIENCE_BEFORE_FIRST
        patience_s = max(share * self._patience_s, 2 * self._window_s)
        return self._failed_in_row >= _OUTAGE and self.failing_s(now) >= patience_s

    def _count_failure(self, now: float) -> None:
        if self._failing_since is None:
            self._failing_since, self._before_failing = now, self._allowed
        self._failed_in_row += 1

    def _next_wait_s(self, number: int) -> float:
        self._recover_to = self._before_failing
        if number <= self._waited_after:  # started before the last wait
            return 0.0
        self._waited_after = self._started
        self._wait_s = min(max(_FIRST_WAIT_S, 2 * self._wait_s), _LONGEST_WAIT_S)
        return self._wait_s

    def _in_round(self, number: int) -> bool:
        return 0 < number - self._round_after <= self._round

    def _end_round(self) -> None:
        heard = self._replies + self._failures
        if heard + self._left < self._round:
            return
        if self._failures > _MANY * heard:
            self._slow_down()
            return
        self._good_rounds = 0 if self._failures else self._good_rounds + 1
        if self._replies:
            more = min(_MORE * max(1, self._good_rounds), _MOST_MORE)
            grown = max(self._allowed * (1 + more), self._allowed + 1)
            self._allowed = min(grown, self._most)
        self._begin_round()

    def _slow_down(self) -> None:
        self._allowed = max(1.0, self._allowed * _FEWER)
        self._recover_to, self._good_rounds = 0.0, 0
        self._begin_round()

    def _begin_round(self) -> None:
        self._round_after = self._started
        self._round = max(self.allowed, _LEAST_ROUND)
        self._replies = self._failures = self._left = 0
