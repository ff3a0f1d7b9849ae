"""What tasks with `local` cost: what is asked in any case, and the rest by how much of it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.forecast.by_role import ALL_ASKED, Parts
from tierwise.forecast.forecast import expectations, loads_of
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import middle_scenario
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load, workloads
from tierwise.local.roles import Role
from tierwise.records import ServiceTier
from tierwise.statistics.examination import most_mistakes
from tierwise.tasks import Task


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures of one role that are still to be asked, in requests for so many nano-dollars.

    `costs` are those of each task, all its stages together.
    """

    pictures: int = 0
    requests: int = 0
    cost: int = 0
    costs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalForecast:
    """Of all tasks that may be answered locally.

    `again` is what of the exam is asked twice, to see how often Gemini differs from itself. `rest`
    is what asking all of it comes to. `why_not` says by task why nothing will be answered locally,
    whatever the model. `in_batch` is whether batch jobs ask.
    """

    learn: Part
    exam: Part
    again: Part
    rest: Part
    why_not: Mapping[str, str]
    in_batch: bool = False

    @property
    def in_any_case(self) -> Part:
        """What learns and what examines; what is asked twice is one picture."""
        some = self.learn, self.exam, self.again
        return Part(
            self.learn.pictures + self.exam.pictures,
            sum(one.requests for one in some),
            sum(one.cost for one in some),
        )

    @property
    def extra(self) -> int:
        """What exam and second asks cost more than if all were asked alike; nano-dollars."""
        if not self.rest.pictures:
            return 0
        alike = self.in_any_case.pictures * self.rest.cost / self.rest.pictures
        return max(0, round(self.in_any_case.cost - alike))


def local_forecast(tasks: Sequence[Task], survey: Survey, rates: Rates) -> LocalForecast | None:
    """None where no task may be answered locally, or all that could be asked is known."""
    ours = [task for task in tasks if task.local and task.roles and not task.audit]
    if not ours:
        return None
    scenario = middle_scenario(expectations(tasks, survey))

    def part(some: Sequence[Task], parts: Parts) -> Part:
        loads = loads_of(workloads(some, survey, rates, parts), scenario)
        firsts = (loads[task.name].images for task in some if not task.after_first)
        total = sum(loads.values(), Load())
        costs: dict[str, int] = {}
        for task in some:
            costs[task.row_of] = costs.get(task.row_of, 0) + loads[task.name].cost
        return Part(max(firsts, default=0), total.requests, total.cost, costs)

    learn, exam, rest = (part(ours, {one: float(one is role) for one in Role}) for role in Role)
    twice = [task for task in tasks if task.audit and task.audit.roles]
    found = LocalForecast(
        learn,
        exam,
        part(twice, ALL_ASKED),
        rest,
        dict(_why_not(ours, survey)),
        any(task.route.service_tier is ServiceTier.BATCH for task in ours),
    )
    return found if found.in_any_case.pictures or rest.pictures else None


def _why_not(tasks: Sequence[Task], survey: Survey) -> Iterator[tuple[str, str]]:
    contents = max(1, survey.files - max(survey.twins.values(), default=0))
    for task in tasks:
        if not (task.roles and task.local) or task.after_first:
            continue
        exam = round(contents * task.roles.share(Role.EXAM))
        others = max(exam, contents - round(contents * task.roles.share(Role.LEARN)))
        most = int(task.local.differ * contents)
        if most_mistakes(others, exam, most, float(1 - task.local.confidence)) < 0:
            yield (
                task.row_of,
                f"an exam of {exam:,} pictures is too small to prove that at most {most:,} differ",
            )


def local_row(found: LocalForecast) -> dict[str, Any]:
    """The forecast as JSON; dollars are decimal strings."""
    sample, rest = found.in_any_case, found.rest
    return {
        "asked_in_any_case": sample.pictures,
        "learnt": found.learn.pictures,
        "examined": found.exam.pictures,
        "asked_twice": found.again.pictures,
        "in_any_case_requests": sample.requests,
        "in_any_case_usd": _usd(sample.cost),
        "extra_usd": _usd(found.extra),
        "rest": {
            "pictures": rest.pictures,
            "requests": rest.requests,
            "all_usd": _usd(rest.cost),
            "third_usd": _usd(rest.cost // 3),
            "none_usd": _usd(0),
            "tasks_usd": {name: _usd(cost) for name, cost in rest.costs.items()},
        },
        "why_not": dict(found.why_not),
        "batch_rounds": 2 if found.in_batch else 0,
    }


def earlier_curves(run: Mapping[str, Any]) -> dict[str, Any]:
    """By task what an earlier run's exam says of other shares, from its `run.json`."""
    return {
        task: {"promised": found["differ"], "points": found["curve"]}
        for task, found in run.get("local", {}).items()
        if found.get("curve")
    }


def _usd(nano: int) -> str:
    return f"{usd(nano):f}"
