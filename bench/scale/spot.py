"""What preempted workers cost under a cap: `python -m bench.scale.spot`.

A worker asks for eight shards at a time in its slots, within real purses, and is preempted at
random; another begins the same shards anew. Half of the preempted go on until they meet the mark of
the other. What was under way at a kill is billed and told nowhere. Two rules: an attempt may spend
its purse less what was paid, and less

- `slots`: as many of the dearest requests as a process has slots, for each attempt that failed;
- `open`: the worst cases of the requests for the shard that were under way.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tierwise.accounts.admission import Purse, Work, share_out

SLOTS, SHARDS_AT_A_TIME = 32, 8
IMAGES, REQUESTS = 4000, 500
# Nano-dollars of a request of eight labelled images; the dearest has the longest values.
WORST, DEAREST = 1_400_000, 2_600_000
COSTS = (0.25, 0.6)  # of the worst case
REPLY_S, BEGINS_AFTER_S = 2.0, 60.0


@dataclass
class Shard:
    """What one shard has come to: `told` is in the journal, `open` was left under way."""

    purse: int
    left: int = REQUESTS
    billed: int = 0
    told: int = 0
    open: int = 0
    flying: list[int] = field(default_factory=list)

    def cut_off(self, *, told: bool) -> None:
        """Nobody waits any more for what is under way; it is billed, and perhaps told later."""
        self.billed += sum(self.flying)
        self.told += sum(self.flying) if told else 0
        self.open += 0 if told else WORST * len(self.flying)
        self.left += 0 if told else len(self.flying)
        self.flying.clear()


def ask(shards: Sequence[Shard], per_hour: float, rule: str, chance: random.Random) -> int:
    """Ask until nothing fits; returns how often the worker was preempted."""
    failed = 0
    while True:
        lost = [
            failed * SLOTS * DEAREST if rule == "slots" else shard.open + WORST * len(shard.flying)
            for shard in shards
        ]
        free = [
            Purse(max(0, shard.purse - shard.told - taken))
            for shard, taken in zip(shards, lost, strict=True)
        ]
        for shard in shards:
            shard.cut_off(told=True)  # those of one that went on come in while this one asks
        lives_s = chance.expovariate(per_hour / 3600) if per_hour else float("inf")
        goes_on = chance.random() < 0.5
        if _attempt(shards, free, lives_s + BEGINS_AFTER_S * goes_on, chance):
            return failed
        failed += 1
        if not goes_on:
            for shard in shards:
                shard.cut_off(told=False)


def _attempt(
    shards: Sequence[Shard], purses: Sequence[Purse], lives_s: float, chance: random.Random
) -> bool:
    """One worker's requests until it is gone, or has come to the end, which it returns."""
    replies: list[tuple[float, int]] = []
    now, most = 0.0, SLOTS // len(shards)

    def send() -> None:
        for place, (shard, purse) in enumerate(zip(shards, purses, strict=True)):
            while len(shard.flying) < most and shard.left and purse.hold(WORST):
                shard.left -= 1
                shard.flying.append(int(WORST * chance.uniform(*COSTS)))
                heapq.heappush(replies, (now + chance.expovariate(1 / REPLY_S), place))

    send()
    while replies:
        now, place = heapq.heappop(replies)
        if now > lives_s:
            return False
        cost = shards[place].flying.pop(0)
        shards[place].billed += cost
        shards[place].told += cost
        purses[place].settle(WORST, cost)
        send()
    return True


@dataclass(frozen=True)
class Came:
    """Shares of the cap and of the shards, and how often a purse was passed."""

    told: float
    billed: float
    preempted: float
    passed: int


def run(shards: int, covers: float, per_hour: float, rule: str, seed: int = 0) -> Came:
    """An archive under a cap that covers such a share of what all of it costs."""
    each = int(WORST * sum(COSTS) / 2) * REQUESTS
    cap = int(covers * each * shards)
    work = {f"{number:06}": Work(WORST * REQUESTS, IMAGES) for number in range(shards)}
    every = [Shard(purse) for purse in share_out(cap, work).values()]
    chance, preempted = random.Random(seed), 0
    for first in range(0, shards, SHARDS_AT_A_TIME):
        some = every[first : first + SHARDS_AT_A_TIME]
        preempted += len(some) * (ask(some, per_hour, rule, chance) > 0)
    return Came(
        sum(shard.told for shard in every) / cap,
        sum(shard.billed for shard in every) / cap,
        preempted / shards,
        sum(shard.billed > shard.purse for shard in every),
    )


def main() -> None:
    """Print a row per rate and rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=4096)
    given = parser.parse_args()
    print("| cap covers | preempted an hour | shards preempted | rule | of the cap lost | passed |")
    print("|---|---|---|---|---|---|")
    for covers in (0.5, 0.9):
        whole = run(given.shards, covers, 0.0, "open")
        for per_hour in (0.2, 1.0, 5.0, 20.0):
            for rule in ("slots", "open"):
                came = run(given.shards, covers, per_hour, rule)
                print(
                    f"| {covers:.0%} | {per_hour:g} | {came.preempted:.0%} | {rule} | "
                    f"{whole.told - came.told:.1%} | {came.passed} |"
                )


if __name__ == "__main__":
    main()
