"""The few of many ways to ask that one looks at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tierwise.forecast.alternatives import Alternative, Change
from tierwise.forecast.lever import is_lever
from tierwise.records import ServiceTier

MOST = 8


def shortlist(found: Sequence[Alternative]) -> list[Alternative]:
    """At most eight ways, in the order of `found`: as asked, the naive way, the best of each kind.

    Of models, that is the cheapest which stays and the cheapest which costs more than what is
    asked; of packs, one of a size that is well tried.
    """
    chosen = list(_by_worth(found))[:MOST]
    return [way for way in found if way in chosen]


def _by_worth(found: Sequence[Alternative]) -> Iterator[Alternative]:
    asked = next(way for way in found if way.change is Change.NONE and not way.to)
    today = [way for way in found if way.on == asked.on]
    models = [way for way in today if way.change is Change.MODEL and not way.ends]

    def best(change: Change) -> Iterator[Alternative]:
        yield from _least([way for way in today if way.change is change and is_lever(way)])

    yield asked
    yield from (way for way in found if way.change is Change.NAIVE)
    yield from best(Change.TIER)
    yield from _least(models)
    yield from best(Change.PACK)
    yield from _least([w for w in today if w.change in (Change.TOGETHER, Change.APART)])
    yield from best(Change.RESOLUTION)
    later = [way for way in found if way.change is Change.NONE and way.to]
    yield from sorted(later, key=lambda way: way.on)[:1]
    yield from _least([way for way in models[1:] if way.load.cost > asked.load.cost])
    yield from _least([way for way in today if way.change is Change.SHEET])


def _least(ways: Sequence[Alternative]) -> list[Alternative]:
    """The cheapest in a list of its own; of tiers that cost the same, not batch."""
    return sorted(ways, key=lambda way: (way.load.cost, way.to == ServiceTier.BATCH))[:1]
