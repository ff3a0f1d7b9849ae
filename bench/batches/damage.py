"""What may become of a job's results on their way, each from a seeded chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from bench.batches.made_jobs import line


@dataclass(frozen=True, slots=True)
class Result:
    """A row of results; `own` says that it bears the reply that its key was asked."""

    key: str | None
    reply: bytes
    own: bool = True
    cut: bool = False

    @property
    def line(self) -> bytes:
        """As it stands in the file; one that was cut ends in its middle."""
        whole = line(self.key, self.reply)
        return whole[: len(whole) // 2] + b"\n" if self.cut else whole


Damage = Callable[[Sequence[Result], Random], list[Result]]


def swapped(share: float, ring: int = 2) -> Damage:
    """Replies under each other's key: in pairs, or handed on in rings of so many rows.

    Too small a share for a ring in each job strikes some jobs only.
    """

    def damage(rows: Sequence[Result], chance: Random) -> list[Result]:
        done, wanted = list(rows), len(rows) * share / ring
        rings = int(wanted) + (chance.random() < wanted % 1)
        places = chance.sample(range(len(rows)), rings * ring)
        for start in range(0, len(places), ring):
            some = places[start : start + ring]
            for place, other in zip(some, [*some[1:], some[0]], strict=True):
                done[place] = replace(rows[place], reply=rows[other].reply, own=False)
        return done

    return damage


def some(
    share: float, change: Callable[[Result, Sequence[Result], Random], Iterator[Result]]
) -> Damage:
    """A share of the rows, each changed by itself."""

    def damage(rows: Sequence[Result], chance: Random) -> list[Result]:
        return [
            made
            for row in rows
            for made in (change(row, rows, chance) if chance.random() < share else (row,))
        ]

    return damage


def without_key(row: Result, _: Sequence[Result], __: Random) -> Iterator[Result]:
    """A reply of nobody's."""
    yield replace(row, key=None)


def twice(row: Result, _: Sequence[Result], __: Random) -> Iterator[Result]:
    """The same line two times."""
    yield row
    yield row


def twice_and_differing(row: Result, rows: Sequence[Result], chance: Random) -> Iterator[Result]:
    """A key with its reply and another's, in any order."""
    both = [row, replace(row, reply=chance.choice(rows).reply, own=False)]
    chance.shuffle(both)
    yield from both


def dropped(_: Result, __: Sequence[Result], ___: Random) -> Iterator[Result]:
    """Nothing came."""
    yield from ()


def truncated(row: Result, _: Sequence[Result], __: Random) -> Iterator[Result]:
    """Half a line."""
    yield replace(row, cut=True)


def all_of(*damages: Damage) -> Damage:
    """One after the other, then shuffled."""

    def damage(rows: Sequence[Result], chance: Random) -> list[Result]:
        done = list(rows)
        for one in damages:
            done = one(done, chance)
        return shuffled(done, chance)

    return damage


def shuffled(rows: Sequence[Result], chance: Random) -> list[Result]:
    """The same in any order."""
    return chance.sample(rows, len(rows))
