"""Totals are the same in any order and any grouping, and so is what `run.json` says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierwise.accounts.account import by_charge, by_task, failures, totals, waste
from tierwise.accounts.charged import OTHERS, ChargedCosts
from tierwise.accounts.costs import (
    ANSWERED,
    REPEATED,
    REUSED,
    CostKey,
    CostTotals,
    regrouped,
    totals_of,
)
from tierwise.records import (
    Answer,
    Failure,
    MediaResolution,
    Outcome,
    Reason,
    ServiceTier,
    Spent,
    Usage,
)

COUNTS = st.integers(0, 10**12)
SPENT = st.builds(Spent, st.builds(Usage, *[COUNTS] * 5), COUNTS, st.integers(0, 3), COUNTS)
MADE = st.lists(
    st.tuples(
        st.sampled_from(["category", "watermark"]),
        st.booleans(),
        st.booleans(),
        st.sampled_from(Reason),
        SPENT,
        SPENT | st.just(Spent()),
        COUNTS,
    ),
    max_size=8,
)


def built(
    made: Sequence[tuple[Any, ...]],
    answer: Callable[..., Answer],
    failure: Callable[..., Failure],
) -> list[Outcome]:
    return [
        answer(task=task, reused=reused, spent=spent, wasted=wasted, baseline=baseline)
        if answered
        else failure(task=task, reason=reason, spent=spent, wasted=wasted, baseline=baseline)
        for task, answered, reused, reason, spent, wasted, baseline in made
    ]


def rows(outcomes: Sequence[Outcome]) -> dict[CostKey, CostTotals]:
    summed: dict[CostKey, CostTotals] = defaultdict(CostTotals.zero)
    for outcome in outcomes:
        for key, total in totals_of(outcome):
            summed[key] += total
    return summed


@given(MADE, st.randoms(), st.integers(0, 8))
def test_any_order_and_grouping_gives_the_same_rows(
    answer: Callable[..., Answer],
    failure: Callable[..., Failure],
    made: list[tuple[Any, ...]],
    shuffler: Any,
    cut: int,
) -> None:
    outcomes = built(made, answer, failure)
    whole = rows(outcomes)
    shuffler.shuffle(outcomes)
    left, right = rows(outcomes[:cut]), rows(outcomes[cut:])
    merged = {
        key: left.get(key, CostTotals.zero()) + right.get(key, CostTotals.zero())
        for key in {*left, *right}
    }
    assert merged == whole


@given(st.lists(st.tuples(st.text(max_size=2), COUNTS), max_size=30), st.randoms(), st.data())
def test_which_values_have_rows_of_their_own_hangs_on_no_order_and_no_grouping(
    charges: list[tuple[str, int]], shuffler: Any, data: st.DataObject
) -> None:
    route = ("category", "m", MediaResolution.LOW, ServiceTier.STANDARD, ANSWERED)
    made = [(CostKey(*route, value), CostTotals(Spent(cost=cost), 1)) for value, cost in charges]
    at_once = ChargedCosts(4)
    at_once.add(made)
    whole = dict(at_once.rows())
    assert sum(total.images for total in whole.values()) == len(made)
    for key, total in whole.items():
        if key.charged_to != OTHERS:
            assert total.spent.cost == sum(
                cost for value, cost in charges if value == key.charged_to
            )
    shuffler.shuffle(made)
    cut = data.draw(st.integers(0, len(made)))
    grouped = ChargedCosts(4)
    for some in (made[:cut], made[cut:]):
        part = ChargedCosts(4)
        part.add(some)
        grouped.add(part.rows())
    assert dict(grouped.rows()) == whole


@given(MADE)
def test_rows_hold_every_image_and_every_nano_dollar(
    answer: Callable[..., Answer], failure: Callable[..., Failure], made: list[tuple[Any, ...]]
) -> None:
    outcomes = built(made, answer, failure)
    found = rows(outcomes)
    assert sum(total.images for total in found.values()) == len(outcomes)
    spent = sum((total.spent for total in found.values()), Spent())
    assert spent == sum((o.spent + o.wasted for o in outcomes), Spent())
    assert sum(t.baseline for t in found.values()) == sum(o.baseline for o in outcomes)


@given(MADE)
def test_the_account_agrees_with_the_rows(
    answer: Callable[..., Answer], failure: Callable[..., Failure], made: list[tuple[Any, ...]]
) -> None:
    outcomes = built(made, answer, failure)
    found = sorted(rows(outcomes).items())
    tasks = by_task(found, ["category", "watermark"])
    for name, task in tasks.items():
        ours = [outcome for outcome in outcomes if outcome.task == name]
        answers = [outcome for outcome in ours if isinstance(outcome, Answer)]
        assert task["asked"] == len(ours)
        assert task["answers"] == len(answers)
        assert task["reused"] == sum(outcome.reused for outcome in answers)
        assert task["failures"] == len(ours) - len(answers)
    reasons = [str(outcome.reason) for outcome in outcomes if isinstance(outcome, Failure)]
    assert failures(found) == {reason: reasons.count(reason) for reason in sorted(set(reasons))}
    cost = sum((o.spent + o.wasted).cost for o in outcomes)
    assert totals(found)["cost_usd"] == f"{cost // 10**9}.{cost % 10**9:09}"
    assert totals(found)["requests"] == sum((o.spent + o.wasted).requests for o in outcomes)


def test_an_outcome_falls_into_its_row_and_its_waste_into_another(
    answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    def names(outcome: Outcome) -> list[str]:
        return [key.outcome for key, _ in totals_of(outcome)]

    waste = Spent(cost=1)
    assert names(answer()) == [ANSWERED]
    assert names(answer(reused=True)) == [REUSED]
    assert names(failure()) == ["blocked_answer"]
    assert names(answer(wasted=waste)) == [ANSWERED, REPEATED]
    assert names(failure(wasted=Spent(maybe_billed=5))) == ["blocked_answer", REPEATED]
    assert [total.images for _, total in totals_of(answer(wasted=waste))] == [1, 0]


def test_small_and_no_sums_are_written_as_decimals() -> None:
    empty = totals([])
    assert empty["cost_usd"] == empty["saved_usd"] == "0.000000000"
    key = CostKey("t", "m", "low", "standard", ANSWERED)  # type: ignore[arg-type]
    assert totals([(key, CostTotals(Spent(cost=5)))])["saved_usd"] == "-0.000000005"


@given(
    MADE,
    st.lists(st.sampled_from(["zoo", "museum", ""]), min_size=8, max_size=8),
    st.lists(st.sampled_from([field.name for field in fields(CostKey)]), unique=True),
    st.randoms(),
)
def test_told_apart_in_any_way_the_sum_is_the_same(
    answer: Callable[..., Answer],
    failure: Callable[..., Failure],
    made: list[tuple[Any, ...]],
    customers: list[str],
    columns: list[str],
    shuffler: Any,
) -> None:
    outcomes = built(made, answer, failure)
    charged = zip(outcomes, customers, strict=False)
    found = [row for outcome, customer in charged for row in totals_of(outcome, customer)]
    shuffler.shuffle(found)
    whole = sum((total for _, total in found), CostTotals.zero())
    groups = regrouped(found, lambda key: tuple(getattr(key, column) for column in columns))
    assert list(groups) == sorted(groups)
    assert sum(groups.values(), CostTotals.zero()) == whole
    spent = sum((outcome.spent.cost + outcome.wasted.cost for outcome in outcomes), 0)
    assert whole.spent.cost == spent
    by_value = by_charge(found, "customer")["values"].values()
    assert sum(Decimal(one["cost_usd"]) for one in by_value) == Decimal(spent).scaleb(-9)
    wasted = sum(Decimal(cost) for cost in waste(found).values())
    assert wasted == Decimal(totals(found)["wasted_usd"])
