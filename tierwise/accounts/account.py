"""The totals of a run in `run.json`, from the rows of its cost table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from tierwise.accounts.admission import Admission, Billed, Paid, Untraced
from tierwise.accounts.costs import (
    ANSWERED,
    HUMAN,
    LOCAL,
    NO_FAILURES,
    REUSED,
    WITH_ANSWER,
    CostRow,
    CostTotals,
    is_waste,
    regrouped,
)
from tierwise.accounts.tables import usd
from tierwise.errors import PriceError
from tierwise.models import all_models, other_model
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import MediaResolution, Reason, ServiceTier, Spent, Usage

_MOST_VALUES = 1_000


def totals(rows: Iterable[CostRow]) -> dict[str, Any]:
    """Requests, tokens and dollars of some rows; dollars are decimal strings.

    `wasted_usd` is the part of `cost_usd` that brought no answer.
    """
    rows = list(rows)
    total = sum((one for _, one in rows), CostTotals.zero())
    wasted = sum(one.spent.cost for key, one in rows if is_waste(key.outcome))
    return {
        "requests": total.spent.requests,
        **{field.name: getattr(total.spent.usage, field.name) for field in fields(Usage)},
        "cost_usd": _written(total.spent.cost),
        "baseline_cost_usd": _written(total.baseline),
        "saved_usd": _written(total.baseline - total.spent.cost),
        "wasted_usd": _written(wasted),
        "maybe_billed_usd": _written(total.spent.maybe_billed),
    }


def all_runs_facts(
    before: Paid, untraced: Untraced, rows: Iterable[CostRow], service: str
) -> dict[str, Any]:
    """What this run and all before it into the same output used, killed ones included.

    `before` is what the journal says of the others, whose money counts as this run's; `service` is
    who billed this one. `maybe_lost_usd` is the most that `untraced` requests have cost, which is
    part of `maybe_billed_usd`; `requests` does not count them, and nor do `services`.
    """
    now = sum((one.spent for _, one in rows), Spent())
    total = before.spent + now
    services = (before + Paid(services={service: Billed(spent=now)})).services
    lost = untraced.at_worst(before)
    return {
        "requests": total.requests,
        "cost_usd": _written(total.cost),
        "maybe_billed_usd": _written(total.maybe_billed + lost),
        "maybe_lost_usd": _written(lost),
        "services": {
            name: {
                "cost_usd": _written(billed.spent.cost),
                "maybe_billed_usd": _written(billed.spent.maybe_billed),
            }
            for name, billed in services.items()
        },
    }


def all_runs_saved(rows: Iterable[CostRow], cost_usd: str) -> dict[str, str]:
    """What the naive way costs for all that is in the tables, of whatever run, and all runs less.

    Answers of pictures and tasks that are no longer asked about do not count.
    """
    baseline = sum(one.baseline + one.baseline_before for _, one in rows)
    saved = usd(baseline) - Decimal(cost_usd)
    return {"baseline_cost_usd": _written(baseline), "saved_usd": f"{saved:f}"}


def journal_gaps(gaps: Mapping[str, Spent]) -> list[dict[str, Any]]:
    """What earlier runs paid of which the journal no longer tells."""
    return [
        {"run_id": run, "requests": gap.requests, "cost_usd": _written(gap.cost)}
        for run, gap in sorted(gaps.items())
    ]


def others_answers(before: Paid, service: str) -> dict[str, dict[str, int]]:
    """How many answers in the journal are others', by who gave them, in this or an earlier archive.

    Those `left_alone` count for nothing here; those `taken` are another service's of the same kind.
    """
    taken = {name: one.answers for name, one in before.services.items() if name != service}
    return {"left_alone": _some(before.left_alone), "taken": _some(taken)}


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}


def by_task(rows: Sequence[CostRow], tasks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per task: images asked, answered, reused, failed, by tier; the totals.

    `truncated` counts failures, `cut_off` answers of this run, after a reply ended at its limit,
    `escalated` images that were asked again because their first answer was in doubt,
    `second_questions` those asked below the label of a first question, `declined`
    those asked at the route for refusals.
    """
    return {task: _of_task([row for row in rows if row[0].task == task]) for task in tasks}


def answered_locally(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images a local model has answered, by task."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.outcome == LOCAL:
            counts[key.task] = counts.get(key.task, 0) + total.images
    return counts


def by_route(rows: Iterable[CostRow]) -> list[dict[str, Any]]:
    """The rows of `costs` without the values of `--cost_by`, with their totals."""
    merged = regrouped(
        rows, lambda key: replace(key, charged_to="", model_version="", label_form="")
    )
    return [
        {
            "task": key.task,
            "model": key.model,
            "media_resolution": str(key.media_resolution),
            "service_tier": str(key.service_tier),
            "outcome": key.outcome,
            "images": total.images,
            **totals([(key, total)]),
        }
        for key, total in merged.items()
    ]


def followed(
    rows: Iterable[CostRow], named: Mapping[str, MediaResolution]
) -> dict[str, dict[str, Any]]:
    """By task, how many pictures were asked at another media resolution than the task's, by rule.

    `named` is that of each task. Lower are pictures that have no more pixels, higher those with
    much fine detail. Pictures that were asked again in doubt do not count.
    """
    ladder = list(MediaResolution)
    found: dict[str, dict[str, Any]] = {}
    for key, total in rows:
        if not total.followed or key.media_resolution is named[key.task]:
            continue
        lower = ladder.index(key.media_resolution) < ladder.index(named[key.task])
        at = {"media_resolution": str(named[key.task]), "lower": 0, "higher": 0}
        found.setdefault(key.task, at)["lower" if lower else "higher"] += total.followed
    return dict(sorted(found.items()))


def failures(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images failed for which reason, over all tasks."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.outcome not in NO_FAILURES:
            counts[key.outcome] = counts.get(key.outcome, 0) + total.images
    return dict(sorted(counts.items()))


def waste(rows: Iterable[CostRow]) -> dict[str, str]:
    """Dollars that were paid and brought no answer, by outcome; only those that cost something."""
    by_outcome = regrouped(
        (row for row in rows if is_waste(row[0].outcome)), lambda key: key.outcome
    )
    return {name: _written(one.spent.cost) for name, one in by_outcome.items() if one.spent.cost}


def by_charge(rows: Iterable[CostRow], column: str) -> dict[str, Any]:
    """The totals for each value of a manifest column, the dearest first; at most a thousand.

    The others stand in the table `costs`, as far as it tells them apart.
    """
    groups: dict[str, list[CostRow]] = {}
    for row in rows:
        groups.setdefault(row[0].charged_to, []).append(row)
    written = {value: totals(some) for value, some in groups.items()}
    dearest = sorted(written, key=lambda value: (-Decimal(written[value]["cost_usd"]), value))
    return {
        "column": column,
        "values": {value: written[value] for value in dearest[:_MOST_VALUES]},
        "left_out": max(0, len(dearest) - _MOST_VALUES),
    }


def answered_by_others(rows: Iterable[CostRow], on: date) -> list[dict[str, Any]]:
    """Which models answered in the place of pinned ones, and what that did to the cost.

    Both costs are of the answers alone; that of the pinned model is at its list price of the day,
    None where it has none. A model without a known price counts as the pinned one.
    """
    by_models = regrouped(
        (row for row in rows if row[0].outcome == ANSWERED),
        lambda key: (key.model, other_model(key.model, key.model_version), key.service_tier),
    )
    return [
        {
            "pinned": pinned,
            "answered_by": other,
            "price_is_known": other in {model.name for model in all_models()},
            "service_tier": str(tier),
            "answers": total.images,
            "cost_usd": _written(total.spent.cost),
            "cost_usd_if_pinned": _list_cost(pinned, tier, total.spent.usage, on),
        }
        for (pinned, other, tier), total in by_models.items()
        if other
    ]


def _list_cost(model: str, tier: ServiceTier, usage: Usage, on: date) -> str | None:
    try:
        return _written(cost_nano_usd(usage, find_price(model, tier, on)))
    except PriceError:
        return None


def ended_early(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images were not asked because the run had ended, by the reason that ended it."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if total.run_ended:
            counts[key.outcome] = counts.get(key.outcome, 0) + total.run_ended
    return dict(sorted(counts.items()))


def served(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images of this run were answered at which service tier, as Google says."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.outcome == ANSWERED:
            counts[key.service_tier] = counts.get(key.service_tier, 0) + total.images
    return dict(sorted(counts.items()))


def cap(admission: Admission, rows: Iterable[CostRow]) -> dict[str, str]:
    """How much of `--max_cost_usd` is spent and left, in dollars.

    `spent_usd` counts requests whose fate is unknown at their worst case, and so does
    `spent_before_usd`, which is what the journal says of earlier runs. `maybe_lost_usd` is the most
    that they may have paid besides.
    """
    total = sum((one.spent for _, one in rows), Spent())
    spent = total.cost + total.maybe_billed
    most, before, lost = admission.cap.most, admission.paid_before.cost, admission.maybe_lost
    amounts = {
        "max_cost_usd": most,
        "spent_before_usd": before,
        "maybe_lost_usd": lost,
        "reserved_usd": admission.set_aside,
        "spent_usd": spent,
        "left_usd": max(0, most - before - lost - spent),
    }
    return {name: _written(amount) for name, amount in amounts.items()}


def packs(rows: Iterable[CostRow]) -> dict[str, Any]:
    """How many packs had to say which picture each item is about, and how many said it wrongly.

    `share_mixed_up` is of those that were checked, None without any.
    """
    total = sum((one.spent for _, one in rows), Spent())
    share = total.mixed_up / total.checked if total.checked else None
    return {"checked": total.checked, "mixed_up": total.mixed_up, "share_mixed_up": share}


def _label_forms(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images of this run were answered to which form of the question."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.outcome == ANSWERED:
            counts[key.label_form] = counts.get(key.label_form, 0) + total.images
    return dict(sorted(counts.items()))


def _versions(rows: Iterable[CostRow]) -> dict[str, int]:
    """How many images which version of a model answered, in this run or an earlier one."""
    counts: dict[str, int] = {}
    for key, total in rows:
        if key.model_version and total.images:
            counts[key.model_version] = counts.get(key.model_version, 0) + total.images
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
    answered = sum(images.get(one, 0) for one in WITH_ANSWER)
    asked = sum(images.values())
    return {
        "asked": asked,
        "answers": answered,
        "reused": images.get(REUSED, 0),
        "answered_locally": images.get(LOCAL, 0),
        "answered_by_people": images.get(HUMAN, 0),
        "failures": asked - answered,
        "truncated": images.get(Reason.TRUNCATED, 0),
        "cut_off": sum(total.cut_off for _, total in rows),
        "escalated": sum(total.escalated for _, total in rows),
        "second_questions": sum(total.second_questions for _, total in rows),
        "declined": sum(total.declined for _, total in rows),
        "served_tiers": served(rows),
        "model_versions": _versions(rows),
        "label_forms": _label_forms(rows),
        "packs": packs(rows),
        **totals(rows),
    }
