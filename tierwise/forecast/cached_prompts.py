"""What caches of prompts save in a forecast, and why there are none where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tierwise.errors import PriceError
from tierwise.forecast.rates import Rates
from tierwise.job_limits import job_limits
from tierwise.models import find_model
from tierwise.prices.cache_terms import LIFETIME, CacheTerms, cache_terms
from tierwise.records import ServiceTier
from tierwise.shown import counted
from tierwise.tasks import Task
from tierwise.tasks.examples import most_example_tokens
from tierwise.tiers import text_tokens

# Until its prompt was answered once, a question is asked by a few at a time, without a cache.
_BEFORE = 4
# About how fast a run asks, by which the hours of storage are judged: they are a small part.
_PER_SECOND = 10.0
# A cache that rows of a job name lives as long as the job may take; those that follow prolong it.
_LIFE_OF_JOBS = timedelta(seconds=job_limits(vertex=False).given_up_s)
# Under a cap so many hours of storage are set aside, but never more than a part of the cap; of a
# small cap a larger part, where that is what the first minutes of each cache take.
_HOURS_HELD = timedelta(hours=24)
_MOST_HELD, _MOST_HELD_FIRST = 20, 4


@dataclass(frozen=True, slots=True)
class PlannedCache:
    """A prompt that some questions share.

    `tokens` are those of the prompt, `requests` those that name a cache, `cost` what the cache
    costs and `saved` what it saves beyond that (nano-dollars). `why_not` is empty where there is
    one.
    """

    tasks: tuple[str, ...]
    model: str
    tokens: int
    requests: int = 0
    cost: int = 0
    saved: int = 0
    why_not: str = ""


def planned_cache(
    tasks: Sequence[Task], tokens: float, requests: float, rates: Rates
) -> PlannedCache:
    """What a cache of a prompt of so many tokens would do for so many requests.

    Only where it pays is there one, so that what it saves is never below nothing.
    """
    route = tasks[0].route
    none = PlannedCache(tuple(task.ask_name for task in tasks), route.model, round(tokens))
    if why_not := _why_none(tasks, none.tokens, rates):
        return replace(none, why_not=why_not)
    terms = terms_of(route.model, route.service_tier, rates)
    if terms is None:
        return replace(none, why_not=f"nobody knows what storage costs for {route.model}")
    if route.service_tier is ServiceTier.BATCH:
        named, life = round(requests), _LIFE_OF_JOBS
    else:
        named = max(0, round(requests) - _BEFORE)
        life = LIFETIME + timedelta(seconds=named / _PER_SECOND)
    saved = terms.saved(none.tokens, named, life)
    if saved <= 0:
        return replace(none, why_not=f"{counted(round(requests), 'request')} would not pay for it")
    return replace(none, requests=named, cost=terms.cost(none.tokens, life), saved=saved)


def _why_none(tasks: Sequence[Task], tokens: int, rates: Rates) -> str:
    """Why no cache is made, however many requests there are; empty where one may be."""
    route = tasks[0].route
    least = find_model(route.model, vertex=rates.vertex).explicit_cache_tokens
    if not all(task.cached for task in tasks):
        return "the tasks file says `cache: off`"
    if least is None:
        return f"none can be made for {route.model}"
    if tokens < least:
        return f"it is below the {least:,} tokens of the shortest cache"
    if rates.vertex and route.service_tier is ServiceTier.BATCH:
        return "batch jobs on Vertex AI take none"
    return ""


def terms_of(model: str, tier: ServiceTier, rates: Rates) -> CacheTerms | None:
    """What a cache costs and saves on the day of a forecast; None where there is no price."""
    try:
        return cache_terms(rates.price(model, ServiceTier.STANDARD), rates.price(model, tier))
    except PriceError:
        return None


def held_for_caches(tasks: Sequence[Task], rates: Rates, cap: int) -> int:
    """Nano-dollars that are set aside under a cap for caches of these tasks' prompts.

    A day of storage at the worst count of tokens, of jobs as long as one may take, or a twentieth
    of the cap if that is less, but the first life of each up to a quarter; 0 where no prompt is
    long enough.
    """
    held = first = 0
    for look in dict.fromkeys(task.look or (task.name,) for task in tasks):
        some = [task for task in tasks if task.name in look and task.cached]
        if not some:
            continue
        route = some[0].route
        by_job = route.service_tier is ServiceTier.BATCH
        if by_job and rates.vertex:
            continue
        words = [word for task in some for word in (task.prompt, *task.answer.options())]
        model = find_model(route.model, vertex=rates.vertex)
        terms = terms_of(route.model, route.service_tier, rates)
        pictures = 0
        if model.caches_pictures:
            shown = some[0].examples_shown, route.model, route.media_resolution
            pictures = most_example_tokens(*shown, vertex=rates.vertex)
        least = model.explicit_cache_tokens
        # What is said of the form comes on top.
        if least and terms and 2 * sum(map(text_tokens, words)) + pictures >= least:
            size = 2 * sum(len(word.encode()) for word in words) + pictures
            held += terms.cost(size, _LIFE_OF_JOBS if by_job else _HOURS_HELD)
            first += terms.cost(size, _LIFE_OF_JOBS if by_job else LIFETIME)
    return min(held, max(cap // _MOST_HELD, min(first, cap // _MOST_HELD_FIRST)))
