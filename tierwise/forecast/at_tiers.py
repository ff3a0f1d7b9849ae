"""What tasks come to at other service tiers, everything else being the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tierwise.errors import PriceError
from tierwise.forecast.forecast import expectations, loads_of
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import middle_scenario
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load, workloads
from tierwise.models import find_model
from tierwise.records import ServiceTier
from tierwise.tasks import Task

# Tiers that Vertex AI serves at its location global alone.
_GLOBAL_ALONE = (ServiceTier.FLEX, ServiceTier.PRIORITY)


def offered_tiers(model: str, rates: Rates) -> tuple[ServiceTier, ...]:
    """The tiers at which a model can be asked where and when these rates hold."""
    found = []
    for tier in find_model(model, vertex=rates.vertex).service_tiers:
        if rates.regional and tier in _GLOBAL_ALONE:
            continue
        try:
            rates.price(model, tier)
        except PriceError:
            continue
        found.append(tier)
    return tuple(found)


def loads_at(
    tasks: Sequence[Task], tiers: Mapping[str, ServiceTier], survey: Survey, rates: Rates
) -> dict[str, Load]:
    """What each task comes to, by name, with those of `tiers` at the tiers that these name.

    Raises PriceError where a tier has no price.
    """
    changed = [at_tier(task, tiers.get(task.name)) for task in tasks]
    scenario = middle_scenario(expectations(tasks, survey))
    return loads_of(workloads(changed, survey, rates), scenario)


def at_tier(task: Task, tier: ServiceTier | None) -> Task:
    """The task at another tier; at its own without one."""
    return task if tier is None else replace(task, route=replace(task.route, service_tier=tier))
