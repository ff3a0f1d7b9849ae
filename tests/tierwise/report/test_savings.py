"""The levers add up to the nano-dollar, and each stands for what it says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tierwise.accounts.costs import ANSWERED, REPEATED, REUSED
from tierwise.records import Usage
from tierwise.report.cost_lines import CostLine
from tierwise.report.money import waterfall
from tierwise.report.savings import Lever, Naive, savings
from tierwise.report.task_facts import AskedPrice

PRICES = [
    AskedPrice("m", "standard", Decimal("0.25"), Decimal("0.025"), Decimal("1.50")),
    AskedPrice("m", "flex", Decimal("0.125"), Decimal("0.0125"), Decimal("0.75")),
]
MONEY = st.integers(0, 10**15)
TOKENS = st.integers(0, 10**12)
LINES = st.builds(
    CostLine,
    task=st.sampled_from(["a", "b"]),
    model=st.sampled_from(["m", "without a price"]),
    service_tier=st.sampled_from(["standard", "flex", "priority"]),
    outcome=st.sampled_from([ANSWERED, REUSED, REPEATED, "blocked_answer"]),
    usage=st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS),
    cost=MONEY,
    baseline=MONEY,
)


@given(
    st.lists(LINES, max_size=12),
    st.dictionaries(st.sampled_from(["a", "b"]), st.builds(Naive, TOKENS, TOKENS)),
    st.lists(st.sampled_from(PRICES), max_size=2),
)
def test_the_levers_add_up_whatever_the_tables_hold(
    lines: list[CostLine], naive: dict[str, Naive], prices: list[AskedPrice]
) -> None:
    found = savings(lines, naive, prices)
    assert found.baseline == sum(line.baseline for line in lines)
    assert found.cost == sum(line.cost for line in lines)
    assert found.baseline - sum(found.levers.values()) == found.cost
    bars = waterfall(found)
    assert bars[0].amount + sum(bar.amount for bar in bars[1:-1]) == bars[-1].amount
    assert all(-1e-6 <= bar.left <= bar.left + bar.width <= 100 + 1e-6 for bar in bars)


# One picture at high: 1000 tokens and 100 of the prompt, 10 of the reply, 290,000 nano-dollars.
NAIVE = CostLine(
    task="a",
    model="m",
    service_tier="standard",
    outcome=ANSWERED,
    usage=Usage(1100, 1000, 0, 10, 0),
    cost=290_000,
    baseline=290_000,
)


def of(line: CostLine, naive: Naive | None = None) -> dict[Lever, int]:
    found = savings([line], {"a": naive or Naive(1000, 10)}, PRICES)
    return {lever: saved for lever, saved in found.levers.items() if saved}


def test_the_naive_way_saves_nothing() -> None:
    assert of(NAIVE) == {}


def test_each_lever_alone() -> None:
    fewer_tokens = replace(NAIVE, usage=Usage(350, 250, 0, 10, 0), cost=102_500)
    assert of(fewer_tokens) == {Lever.RESOLUTION: 187_500}
    shared_prompt = replace(NAIVE, usage=Usage(1020, 1000, 0, 10, 0), cost=270_000)
    assert of(shared_prompt) == {Lever.PACKING: 20_000}
    shared_reply = replace(NAIVE, usage=Usage(1100, 1000, 0, 2, 0), cost=278_000)
    assert of(shared_reply) == {Lever.OUTPUTS: 12_000}
    cached = replace(NAIVE, usage=Usage(1100, 1000, 100, 10, 0), cost=267_500)
    assert of(cached) == {Lever.CACHE: 22_500}
    flex = replace(NAIVE, service_tier="flex", cost=145_000)
    assert of(flex) == {Lever.TIER: 145_000}
    dearer_model = replace(NAIVE, cost=580_000)
    assert of(dearer_model) == {Lever.OTHER_PRICES: -290_000}
    reused = replace(NAIVE, outcome=REUSED, usage=Usage(), cost=0)
    assert of(reused) == {Lever.REUSE: 290_000}
    wasted = replace(NAIVE, outcome=REPEATED, baseline=0)
    assert of(wasted) == {Lever.WASTE: -290_000}
