"""The rows of the table `costs` as numbers that can be added; money in nano-dollars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from tierwise.accounts.costs import is_waste
from tierwise.records import Usage

COLUMNS = (
    *("task", "model", "media_resolution", "service_tier", "outcome", "requests", "images"),
    *(field.name for field in fields(Usage)),
    *("cost_usd", "baseline_cost_usd", "maybe_billed_usd"),
)


@dataclass(frozen=True, slots=True)
class CostLine:
    """One row, or the sum of some."""

    task: str = ""
    model: str = ""
    media_resolution: str = ""
    service_tier: str = ""
    outcome: str = ""
    requests: int = 0
    images: int = 0
    usage: Usage = Usage()
    cost: int = 0
    baseline: int = 0
    maybe_billed: int = 0

    @property
    def is_waste(self) -> bool:
        """Whether what was paid here brought no answer."""
        return is_waste(self.outcome)


def cost_line(row: Mapping[str, Any]) -> CostLine:
    """A row of the table."""
    return CostLine(
        task=row["task"],
        model=row["model"],
        media_resolution=row["media_resolution"],
        service_tier=row["service_tier"],
        outcome=row["outcome"],
        requests=row["requests"],
        images=row["images"],
        usage=Usage(**{field.name: row.get(field.name) or 0 for field in fields(Usage)}),
        cost=nano(row["cost_usd"]),
        baseline=nano(row["baseline_cost_usd"]),
        maybe_billed=nano(row["maybe_billed_usd"]),
    )


def nano(dollars: Decimal | str) -> int:
    """Nano-dollars of exact dollars.

    >>> nano("0.000000005"), nano(Decimal("3.12"))
    (5, 3120000000)
    """
    return int(Decimal(dollars).scaleb(9))


def added(lines: Iterable[CostLine]) -> CostLine:
    """The sum of some lines, without their names."""
    lines = list(lines)
    return CostLine(
        requests=sum(line.requests for line in lines),
        images=sum(line.images for line in lines),
        usage=sum((line.usage for line in lines), Usage()),
        cost=sum(line.cost for line in lines),
        baseline=sum(line.baseline for line in lines),
        maybe_billed=sum(line.maybe_billed for line in lines),
    )


def cost_groups(
    lines: Iterable[CostLine], key_of: Callable[[CostLine], tuple[str, ...]]
) -> dict[tuple[str, ...], list[CostLine]]:
    """Lines by key, in the order in which keys first come."""
    groups: dict[tuple[str, ...], list[CostLine]] = {}
    for line in lines:
        groups.setdefault(key_of(line), []).append(line)
    return groups
