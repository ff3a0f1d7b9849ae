"""Where the money went: routes, waste, the levers of the saving, the forecast beside the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.accounts.costs import ANSWERED, REUSED
from tierwise.report.cost_lines import CostLine, added, cost_groups, nano
from tierwise.report.savings import Lever, Savings

# Routing may use many routes; the cheapest ones of many are told together.
_MOST_ROUTES = 60

LEVER_NAMES: Mapping[Lever, tuple[str, str]] = {
    Lever.TWINS: ("Twins", "pictures with several names, or alike, were asked about once"),
    Lever.LOOKS: (
        "Asked together",
        "later questions that shared a look saved one; first questions asked apart cost one more",
    ),
    Lever.RESOLUTION: ("Media resolution", "fewer tokens per picture than at high"),
    Lever.PROMPTS: (
        "Prompts",
        "pictures of a pack share one prompt; what ties several questions together costs words",
    ),
    Lever.CACHE: ("Cached prompts", "input that the service had seen before"),
    Lever.TIER: ("Service tier", "flex or batch in place of standard; priority costs more"),
    Lever.OTHER_PRICES: ("Other prices", "another model answered, or a long prompt cost more"),
    Lever.SECOND_LOOKS: ("Second looks", "first answers that a second one replaced, or goes below"),
    Lever.WASTE: ("Failed and repeated", "requests that were paid and brought no answer"),
    Lever.AUDITS: ("Audits", "answers that only check others"),
    Lever.LOCAL: ("Answered locally", "a local model answered, where an exam has shown it may"),
    Lever.PEOPLE: ("Answered by people", "people had answered, so nobody was asked"),
}
# What every reader looks for, with or without an effect.
_ALWAYS = (Lever.TWINS, Lever.LOOKS, Lever.RESOLUTION, Lever.PROMPTS, Lever.TIER)


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One way of asking one task, and what became of it; money in nano-dollars."""

    task: str
    model: str
    media_resolution: str
    service_tier: str
    total: CostLine
    answered: int
    reused: int

    @property
    def saved(self) -> int:
        """Against the naive way; negative where it cost more."""
        return self.total.baseline - self.total.cost


@dataclass(frozen=True, slots=True)
class WasteRow:
    """What was paid without an answer, by outcome."""

    outcome: str
    total: CostLine


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the waterfall; `left` and `width` in percent of its whole."""

    name: str
    what: str
    amount: int
    left: float
    width: float
    kind: str  # total, saving or loss


@dataclass(frozen=True, slots=True)
class ForecastStrip:
    """The forecast and the truth on one line; places in percent of it, money in nano-dollars."""

    low: int
    expected: int
    high: int
    truth: int
    left: float
    width: float
    expected_at: float
    truth_at: float

    @property
    def within(self) -> bool:
        """Whether the truth lies in the interval."""
        return self.low <= self.truth <= self.high


def route_rows(lines: Iterable[CostLine]) -> list[RouteRow]:
    """By task, model, media resolution and tier, the dearest first within a task."""
    keyed = cost_groups(
        lines, lambda line: (line.task, line.model, line.media_resolution, line.service_tier)
    )
    rows = [_route_row(some) for some in keyed.values()]
    rows.sort(key=lambda row: (row.task, -row.total.cost))
    return rows[:_MOST_ROUTES]


def _route_row(lines: Sequence[CostLine]) -> RouteRow:
    one = lines[0]
    answered, reused = (
        sum(line.images for line in lines if line.outcome == outcome)
        for outcome in (ANSWERED, REUSED)
    )
    route = (one.task, one.model, one.media_resolution, one.service_tier)
    return RouteRow(*route, added(lines), answered, reused)


def waste_rows(lines: Iterable[CostLine]) -> list[WasteRow]:
    """The dearest first; only what cost something."""
    keyed = cost_groups((line for line in lines if line.is_waste), lambda line: (line.outcome,))
    rows = [WasteRow(outcome, added(some)) for (outcome,), some in keyed.items()]
    return sorted((row for row in rows if row.total.cost), key=lambda row: -row.total.cost)


def waterfall(found: Savings) -> list[Bar]:
    """From the naive way down to what was paid."""
    return list(_bars(found))


def _bars(found: Savings) -> Iterator[Bar]:
    rest, low, high = found.baseline, 0, found.baseline
    for saved in found.levers.values():
        rest -= saved
        low, high = min(low, rest), max(high, rest)
    scale = 100 / ((high - low) or 1)
    zero, rest = -low * scale, found.baseline
    yield Bar("The naive way", "as said below", rest, zero, rest * scale, "total")
    for lever, saved in found.levers.items():
        after = rest - saved
        if saved or lever in _ALWAYS:
            name, what = LEVER_NAMES[lever]
            width = abs(saved) * scale
            left = (min(rest, after) - low) * scale
            yield Bar(name, what, -saved, left, width, "saving" if saved >= 0 else "loss")
        rest = after
    yield Bar("This run", "as billed", found.cost, zero, found.cost * scale, "total")


def forecast_strip(run: Mapping[str, Any]) -> ForecastStrip | None:
    """What was forecast before anything was spent, None where nothing was."""
    told = run.get("forecast")
    if not told:
        return None
    low, expected, high = (nano(told[name]) for name in ("low_usd", "cost_usd", "high_usd"))
    truth = nano(run["totals"]["cost_usd"])
    end = max(high, truth, expected) * 1.05 or 1
    left, right = (100 * place / end for place in (low, high))
    return ForecastStrip(
        low, expected, high, truth, left, right - left, 100 * expected / end, 100 * truth / end
    )
