"""Totals of tokens and money that can be added in any order and any grouping."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.records import Answer, MediaResolution, Outcome, ServiceTier, Spent

ANSWERED = "answered"
REUSED = "reused"
REPEATED = "repeated"


@dataclass(frozen=True, slots=True, order=True)
class CostKey:
    """One row of `costs`.

    `outcome` is `answered`, `reused`, a failure's reason, or `repeated`: paid requests whose reply
    could not be used and that were asked again.
    """

    task: str
    model: str
    media_resolution: MediaResolution
    service_tier: ServiceTier
    outcome: str


@dataclass(frozen=True, slots=True)
class CostTotals:
    """What stands in a row of `costs`; `baseline` is in nano-dollars."""

    spent: Spent = Spent()
    images: int = 0
    baseline: int = 0

    @classmethod
    def zero(cls) -> CostTotals:
        """The total of nothing."""
        return cls()

    def __add__(self, other: CostTotals) -> CostTotals:
        return CostTotals(
            self.spent + other.spent,
            self.images + other.images,
            self.baseline + other.baseline,
        )


def totals_of(outcome: Outcome) -> list[tuple[CostKey, CostTotals]]:
    """The rows of `costs` that one outcome adds to: its own, and that of its repeated requests."""
    if isinstance(outcome, Answer):
        name = REUSED if outcome.reused else ANSWERED
    else:
        name = str(outcome.reason)
    route = (outcome.task, outcome.model, outcome.media_resolution, outcome.service_tier)
    totals = [(CostKey(*route, name), CostTotals(outcome.spent, 1, outcome.baseline))]
    if outcome.wasted != Spent():
        totals.append((CostKey(*route, REPEATED), CostTotals(outcome.wasted)))
    return totals
