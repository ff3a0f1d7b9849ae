"""Which requests fit under a cap. Arithmetic alone: no worker has to ask another.

The room below the cap is shared out among the shards of the archive before anything is asked. A
shard's share is a purse: a request is admitted when the most that it can cost fits in, and what it
did not cost is free again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tierwise.errors import InputError
from tierwise.records import Spent

NANO_PLACES = 9
_DOLLARS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
# A purse ends with less in it than one image may cost; one that begins with enough for so many at
# their dearest leaves little over.
_LEAST_IMAGES = 8


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to ask: images, and the most that their first requests cost (nano-dollars).

    A group counts as one image.
    """

    worst: int = 0
    images: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(self.worst + other.worst, self.images + other.images)


@dataclass(frozen=True, slots=True)
class Billed:
    """Answers in the journal that one service gave, and what all its replies cost."""

    answers: int = 0
    spent: Spent = Spent()

    def __add__(self, other: Billed) -> Billed:
        return Billed(self.answers + other.answers, self.spent + other.spent)


@dataclass(frozen=True, slots=True)
class Paid:
    """What the journal says of runs, and how many of its lines are lost.

    A line tells of one request at most. `services` tells the same apart by who billed it.
    `left_alone` counts answers that are others' by who gave them, whose money does not count.
    `runs` is what each run paid, at worst.
    """

    spent: Spent = Spent()
    lost_lines: int = 0
    services: Mapping[str, Billed] = field(default_factory=dict)
    left_alone: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, Spent] = field(default_factory=dict)

    @property
    def cost(self) -> int:
        """Nano-dollars, with what may have been billed besides."""
        return self.spent.cost_at_worst

    def __add__(self, other: Paid) -> Paid:
        names = self.services.keys() | other.services.keys()
        services = {
            name: self.services.get(name, Billed()) + other.services.get(name, Billed())
            for name in sorted(names)
        }
        left_alone = Counter(self.left_alone)
        left_alone.update(other.left_alone)
        return Paid(
            self.spent + other.spent,
            self.lost_lines + other.lost_lines,
            services,
            dict(left_alone),
            {
                run: self.runs.get(run, Spent()) + other.runs.get(run, Spent())
                for run in self.runs.keys() | other.runs.keys()
            },
        )


@dataclass(frozen=True, slots=True)
class Untraced:
    """The most that requests cost of which the journal does not tell (nano-dollars).

    `under_way` is that of all that earlier runs had under way when they were killed, `dearest` that
    of any one request of these runs and this one. `told` is what each run paid, at worst, as it
    said itself.
    """

    under_way: int = 0
    dearest: int = 0
    told: Mapping[str, Spent] = field(default_factory=dict)

    def at_worst(self, paid_before: Paid) -> int:
        """The same, with what the journal no longer tells: lines, or whole parts of it."""
        gaps = sum(gap.cost for gap in self.gaps(paid_before).values())
        return self.under_way + max(gaps, paid_before.lost_lines * self.dearest)

    def gaps(self, paid_before: Paid) -> dict[str, Spent]:
        """What runs paid more than the journal says, by run: a part of it is gone."""
        found = {
            run: Spent(
                cost=told.cost_at_worst - paid_before.runs.get(run, Spent()).cost_at_worst,
                requests=told.requests - paid_before.runs.get(run, Spent()).requests,
            )
            for run, told in self.told.items()
        }
        return {run: gap for run, gap in found.items() if gap.cost > 0}


@dataclass(frozen=True, slots=True)
class Cap:
    """What all runs into one output may cost (nano-dollars), and what earlier ones left untold.

    `caches` is held for those of this run.
    """

    most: int
    untraced: Untraced = Untraced()
    caches: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """The cap as one run found it, and what it set aside for each shard."""

    cap: Cap
    paid_before: Paid
    purses: Mapping[str, int]

    @property
    def maybe_lost(self) -> int:
        """The most that earlier runs may have paid besides what the journal says."""
        return self.cap.untraced.at_worst(self.paid_before)

    @property
    def set_aside(self) -> int:
        """The most that this run can spend."""
        return sum(self.purses.values()) + self.cap.caches


def admit(cap: Cap, paid_before: Paid, work: Mapping[str, Work], already: int = 0) -> Admission:
    """Share out what is left below the cap; `paid_before` is what the journal says of other runs.

    `already` is what this run has spent on other contents (nano-dollars). The same for the same
    archive and journal, whatever the workers.
    """
    spent = paid_before.cost + cap.untraced.at_worst(paid_before) + already
    room = max(0, cap.most - spent - cap.caches)
    return Admission(cap, paid_before, share_out(room, work))


def share_out(room: int, work: Mapping[str, Work]) -> dict[str, int]:
    """Purses in proportion to the work of shards; never more in all than `room`.

    A room too small for purses of some images each is shared among the first shards by name.

    >>> share_out(1000, {"a": Work(10, 2), "b": Work(5, 1), "c": Work()})
    {'a': 666, 'b': 333}
    """
    with_work = {name: work[name] for name in sorted(work) if work[name].worst}
    total = sum(with_work.values(), Work())
    if not total.images:
        return {}
    least = _LEAST_IMAGES * total.worst // total.images
    served = dict(list(with_work.items())[: max(1, room // least)])
    worst = sum(shard.worst for shard in served.values())
    return {name: room * shard.worst // worst for name, shard in served.items()}


@dataclass(slots=True)
class Purse:
    """What may still be spent on one shard, and is not held for requests under way."""

    free: int

    def hold(self, worst: int) -> bool:
        """Set aside the most that a request can cost; False when it does not fit."""
        if worst > self.free:
            return False
        self.free -= worst
        return True

    def settle(self, worst: int, cost: int) -> None:
        """Give back what a request did not cost."""
        self.free += worst - cost

    def choose(self, worst: Iterable[int], most: int, *, in_order: bool = False) -> list[int]:
        """Positions of images that fit together, the first ones first, at most so many.

        With `in_order`, none that fits goes before one that does not.
        """
        left, chosen = self.free, list[int]()
        for position, cost in enumerate(worst):
            if len(chosen) == most or (in_order and cost > left):
                break
            if cost <= left:
                left -= cost
                chosen.append(position)
        return chosen


def read_dollars(written: str, flag: str) -> int:
    """Nano-dollars of an amount such as `12.50`.

    Raises:
        InputError: it is not a plain amount.
    """
    if not _DOLLARS.fullmatch(written):
        raise InputError(
            f"--{flag}={written}: is not an amount. Write dollars from 0 to 999999999 in digits, "
            "with at most nine places behind a point: 12.50"
        )
    return int(Decimal(written).scaleb(NANO_PLACES))
