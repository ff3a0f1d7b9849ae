"""Which tiers end in time, what that costs, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.mix_in_time import MixInTime
from tierwise.beam_pipeline.terminal.duration import duration
from tierwise.beam_pipeline.terminal.forecast_tables import short
from tierwise.forecast.tier_mix import REPLY_S, Mix
from tierwise.records import ServiceTier
from tierwise.shown import counted


def mix_row(found: MixInTime) -> dict[str, Any]:
    """The mix as JSON: the fastest where none ends in time; dollars are decimal strings."""
    mix = found.mix or found.soonest
    return {
        "seconds": found.seconds,
        "ends_in_time": found.mix is not None,
        "tiers": {name: str(tier) for name, tier in found.tiers.items()},
        "cost_usd": f"{usd(mix.cost):f}",
        "planned_s": mix.seconds,
        "worst_s": mix.worst_s,
        "held_up_by": mix.held_up_by,
        "waits_for_jobs": mix.waits,
        "batch_deadline_s": found.deadline_s,
        "rest_fits": found.rest_fits,
    }


def mix_lines(found: MixInTime) -> Iterator[str]:
    """The mix or what is missing, and what both rest on."""
    if found.mix is None:
        said = shortfall(found)
        yield said[0].upper() + said[1:]
    else:
        yield (
            f"Within {duration(found.seconds)}: {_tiers(found.tiers)}. "
            f"${short(usd(found.mix.cost))}, planned to end after {duration(found.mix.seconds)}"
            f"{_at_worst(found.mix)}."
        )
        yield from _deadline(found)
    yield _rests_on(found)


def shortfall(found: MixInTime) -> str:
    """By how much the fastest mix misses, and why, in a sentence."""
    soonest = found.soonest
    jobs = f", and {counted(soonest.waits, 'wait')} for jobs" if soonest.waits else ""
    return (
        f"nothing ends within {duration(found.seconds)}: the fastest ({_tiers(found.tiers)}) takes "
        f"{duration(soonest.seconds)}, {duration(soonest.seconds - found.seconds)} too long, held "
        f"up by {soonest.held_up_by}{jobs}."
    )


def _tiers(tiers: Mapping[str, ServiceTier]) -> str:
    """The tasks by tier.

    >>> _tiers({"a": ServiceTier.FLEX, "b": ServiceTier.BATCH, "c": ServiceTier.FLEX})
    'flex a, c; batch b'
    """
    by_tier: dict[ServiceTier, list[str]] = {}
    for name, tier in tiers.items():
        by_tier.setdefault(tier, []).append(name)
    return "; ".join(f"{tier} {', '.join(names)}" for tier, names in by_tier.items())


def _at_worst(mix: Mix) -> str:
    return f", or {duration(mix.worst_s)} if jobs expire" if mix.waits else ""


def _deadline(found: MixInTime) -> Iterator[str]:
    if found.deadline_s is None:
        return
    after = f"Jobs are given up after {duration(found.deadline_s)} (--batch_deadline)"
    if found.rest_fits:
        yield f"{after}, so that what they leave still ends in time."
    else:
        yield f"{after}; if they leave much by then, that does not end in time."


def _rests_on(found: MixInTime) -> str:
    quotas = found.quotas
    rate = quotas.requests_per_minute
    minutes = (
        f"{rate:,g} requests per minute"
        if rate
        else "no limit of requests per minute, for none is known (--requests_per_minute)"
    )
    spending = quotas.nano_usd_per_minute
    dollars = f", ${short(usd(spending))} per minute" if spending else ""
    return (
        f"Planned with {counted(quotas.requests_in_flight, 'request')} in flight of "
        f"{REPLY_S[ServiceTier.STANDARD]:g} s each, {REPLY_S[ServiceTier.FLEX] / 60:.0f} min at "
        f"flex, {minutes}{dollars}, and {duration(quotas.limits.target_s)} for each wait for jobs: "
        "Google's targets, not promises."
    )
