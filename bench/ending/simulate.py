"""What share of an archive is lost to odd refusals, and how soon a real end is noticed.

    python -m bench.ending.simulate

Processes ask one request a second each, by the rule of `tierwise.gemini.standing`, and see of each
other what marks tell, a look late. The adversary draws the rate of odd refusals for each process,
from one in a million to nine in ten, and keeps it. Seeded; the same table each time.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from tierwise.gemini.concurrency import PATIENCE_S, Concurrency
from tierwise.gemini.hearing import Phase, Refused, Rule
from tierwise.gemini.retry import MAX_REFUSED, refused_backoff_s
from tierwise.gemini.standing import Standing
from tierwise.records import Reason

WHY = Refused(Reason.UNAUTHORIZED, "refused")
REQUEST_S = 1.0


@dataclass
class Process:
    """Asks contents until there are none, or it may not."""

    standing: Standing
    odd: float
    left: int
    number: int
    again: deque[tuple[float, str, int]] = field(default_factory=deque)
    answered: int = 0
    lost: int = 0
    asked_refused: int = 0
    last_success: float = -math.inf

    @property
    def over(self) -> bool:
        phase = self.standing.hearing.phase
        return phase in (Phase.ENDED, Phase.ALONE) or not (self.left or self.again)

    def step(self, now: float, chance: Random, *, gone: bool, certain: bool) -> float:
        """One request, if one may start; gives when to come back."""
        wait_s = self.standing.wait_s(now)
        if wait_s > 0:
            return now + wait_s
        if self.again and (self.again[0][0] <= now or not self.left):
            due, content, tries = self.again.popleft()
            now = max(now, due)
        else:
            self.left -= 1
            content, tries = f"{self.number}-{self.left}", 0
        probe = self.standing.start()
        now += REQUEST_S
        if gone or chance.random() < self.odd:
            self.asked_refused += 1
            self.standing.refusal(content, WHY, now, probe=probe, certain=certain and gone)
            if tries + 1 >= MAX_REFUSED:
                self.lost += 1
            else:
                pause = refused_backoff_s(tries + 1, chance.random(), answered=self.answered > 0)
                self.again.append((now + pause, content, tries + 1))
        else:
            self.standing.success()
            self.answered, self.last_success = self.answered + 1, now
        self.standing.leave(probe=probe)
        return now


def look(processes: list[Process], look_s: float) -> None:
    """What marks tell: who is answered contradicts, who is refused says so, an end is shared."""
    doubting = [p for p in processes if p.standing.hearing.phase is Phase.DOUBT]
    for process in doubting:
        hearing = process.standing.hearing
        seen = (hearing.since or 0.0) + look_s
        others = [other for other in processes if other is not process]
        hearing.contradicted |= any(other.last_success > seen for other in others)
        hearing.shared |= len(doubting) > 1
    ended = [p.standing.hearing for p in processes if p.standing.hearing.phase is Phase.ENDED]
    if ended and ended[0].why:
        for process in processes:
            if process.standing.hearing.phase in (Phase.OPEN, Phase.DOUBT):
                process.standing.hearing.end(ended[0].why)


def run(
    count: int,
    each: int,
    seed: int,
    *,
    odd: bool,
    gone_at: float = math.inf,
    certain: bool = False,
) -> tuple[list[Process], float]:
    """Processes with their contents, until all are done or have ended; and when that was."""
    random = Random(seed)
    look_s = 0.0 if count == 1 else 20.0
    rule = Rule(PATIENCE_S, 3 * look_s + 15.0 if look_s else 0.0)
    rates = [10 ** random.uniform(-6, math.log10(0.9)) if odd else 0.0 for _ in range(count)]
    processes = [Process(Standing(rule), rate, each, n) for n, rate in enumerate(rates)]
    events = [(random.random(), number) for number in range(count)]
    next_look, now = look_s, 0.0
    while events:
        now, number = heappop(events)
        if look_s and now >= next_look:
            look(processes, look_s)
            next_look = now + look_s
        process = processes[number]
        if process.over:
            continue
        then = process.step(now, random, gone=now >= gone_at, certain=certain)
        heappush(events, (then, number))
    return processes, now


def row(name: str, count: int, each: int, seeds: int, **how: object) -> str:
    """One line of the table: several runs of a kind."""
    lost = answered = ended = alone = 0
    seconds, refused = list[float](), list[float]()
    for seed in range(seeds):
        processes, at = run(count, each, seed, **how)  # type: ignore[arg-type]
        lost += sum(p.lost for p in processes)
        answered += sum(p.answered for p in processes)
        ended += any(p.standing.hearing.phase is Phase.ENDED for p in processes)
        alone += sum(p.standing.hearing.phase is Phase.ALONE for p in processes)
        gone_at = how.get("gone_at")
        if isinstance(gone_at, float):
            seconds.append(at - gone_at)
            refused.append(sum(p.asked_refused for p in processes) / count)
    share = lost / max(1, lost + answered)
    told = f"{max(seconds):.0f} s, {max(refused):.1f} requests" if seconds else "-"
    return (
        f"| {name} | {count} | {answered + lost:,} | {share:.1e} | {ended} of {seeds} "
        f"| {alone} of {seeds * count} | {told} |"
    )


def outage(seconds: float) -> str:
    """A service that answers nothing for so long: whether a process gives up, and when."""
    rule, now, number = Concurrency(32, PATIENCE_S), 0.0, 0
    for _ in range(100):
        number += 1
        rule.start(number)
        rule.reply(number)
    asked = 0
    while now < seconds and not rule.hopeless(now):
        number, asked = number + 1, asked + 1
        rule.start(number)
        now += max(REQUEST_S / rule.allowed, rule.failure(number, now))
    end = f"given up after {now:.0f} s" if rule.hopeless(now) else "lived through"
    return f"| outage of {seconds:.0f} s | {end} | {asked} requests meanwhile |"


def main() -> None:
    """Print the tables."""
    print("| what | processes | contents | lost | runs ended | processes alone | noticed within |")
    print("|---|---|---|---|---|---|---|")
    for count, each, seeds in ((1, 50_000, 8), (4, 20_000, 4), (40, 2_000, 2), (400, 500, 1)):
        print(row("odd refusals", count, each, seeds, odd=True), flush=True)
    for count in (1, 4, 40, 400):
        print(row("key revoked", count, 1000, 1, odd=False, gone_at=300.0), flush=True)
        how = {"odd": True, "gone_at": 300.0}
        print(row("key revoked, odd before", count, 1000, 1, **how), flush=True)
        how = {"odd": False, "gone_at": 300.0, "certain": True}
        print(row("day exhausted", count, 1000, 1, **how), flush=True)
    print("\n| what | end | cost |\n|---|---|---|")
    for seconds in (60.0, 240.0, 3600.0):
        print(outage(seconds))


if __name__ == "__main__":
    main()
