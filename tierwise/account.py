"""The totals of a run in `run.json`, from the rows of its cost table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from tierwise.costs import ANSWERED, REPEATED, REUSED, CostKey, CostTotals
from tierwise.records import Usage
from tierwise.tables import usd

CostRow = tuple[CostKey, CostTotals]


def totals(rows: Iterable[CostRow]) -> dict[str, Any]:
    """Requests, tokens and dollars of some rows; dollars are decimal strings."""
    total = sum((one for _, one in rows), CostTotals.zero())
    return {
        "requests": total.spent.requests,
        **{field.name: getattr(total.spent.usage, field.name) for field in fields(Usage)},
        "cost_usd": _written(total.spent.cost),
        "baseline_cost_usd": _written(total.baseline),
        "saved_usd": _written(total.baseline - total.spent.cost),
        "maybe_billed_usd": _written(total.spent.maybe_billed),
    }


def by_task(rows: Sequence[CostRow], tasks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per task: images asked, answered, reused and failed, and the totals."""
    return {task: _of_task([row for row in rows if row[0].task == task]) for task in tasks}


def failures(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images failed for which reason, over all tasks."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.outcome not in (ANSWERED, REUSED, REPEATED):
            counts[key.outcome] = counts.get(key.outcome, 0) + total.images
    return dict(sorted(counts.items()))


def _written(nano: int) -> str:
    """Dollars with nine places; `str` would write 0E-9 for nothing.

    >>> _written(5)
    '0.000000005'
    """
    return f"{usd(nano):f}"


def _of_task(rows: list[CostRow]) -> dict[str, Any]:
    images = {row[0].outcome: 0 for row in rows}
    for key, total in rows:
        images[key.outcome] += total.images
    answered = images.get(ANSWERED, 0) + images.get(REUSED, 0)
    asked = sum(images.values())
    return {
        "asked": asked,
        "answers": answered,
        "reused": images.get(REUSED, 0),
        "failures": asked - answered,
        **totals(rows),
    }
