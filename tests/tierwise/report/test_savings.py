"""The levers add up to the nano-dollar, and each stands for what it says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tierwise.accounts.costs import ANSWERED, ESCALATED, REPEATED, REUSED
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
PARTS = st.fractions(0, 10**12, max_denominator=20)
LINES = st.builds(
    CostLine,
    task=st.sampled_from(["a", "b", "a@audit"]),
    model=st.sampled_from(["m", "without a price"]),
    service_tier=st.sampled_from(["standard", "flex", "priority"]),
    outcome=st.sampled_from([ANSWERED, REUSED, REPEATED, ESCALATED, "blocked_answer"]),
    usage=st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS),
    cost=MONEY,
    baseline=MONEY,
)


@given(
    st.lists(LINES, max_size=12),
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["m", "without a price"])),
        st.builds(Naive, PARTS, PARTS),
    ),
    st.lists(st.sampled_from(PRICES), max_size=2),
)
def test_the_levers_add_up_whatever_the_tables_hold(
    lines: list[CostLine], naive: dict[tuple[str, str], Naive], prices: list[AskedPrice]
) -> None:
    found = savings(lines, naive, prices, audits=["a@audit"])
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
    naive = naive or Naive(Fraction(1000), Fraction(1000))
    found = savings([line], {("a", "m"): naive}, PRICES, audits=["a@audit"])
    return {lever: saved for lever, saved in found.levers.items() if saved}


def test_the_naive_way_saves_nothing() -> None:
    assert of(NAIVE) == {}


def test_each_lever_alone() -> None:
    fewer_tokens = replace(NAIVE, usage=Usage(350, 250, 0, 10, 0), cost=102_500)
    assert of(fewer_tokens) == {Lever.RESOLUTION: 187_500}
    shared_prompt = replace(NAIVE, usage=Usage(1020, 1000, 0, 10, 0), cost=270_000)
    assert of(shared_prompt) == {Lever.PROMPTS: 20_000}
    cached = replace(NAIVE, usage=Usage(1100, 1000, 100, 10, 0), cost=267_500)
    assert of(cached) == {Lever.CACHE: 22_500}
    flex = replace(NAIVE, service_tier="flex", cost=145_000)
    assert of(flex) == {Lever.TIER: 145_000}
    dearer_model = replace(NAIVE, cost=580_000)
    assert of(dearer_model) == {Lever.OTHER_PRICES: -290_000}
    reused = replace(NAIVE, outcome=REUSED, usage=Usage(), cost=0)
    assert of(reused) == {Lever.TWINS: 290_000}
    in_doubt = replace(NAIVE, outcome=ESCALATED, baseline=0)
    assert of(in_doubt) == {Lever.SECOND_LOOKS: -290_000}
    audit = replace(NAIVE, task="a@audit", baseline=0)
    assert of(audit) == {Lever.AUDITS: -290_000}
    wasted = replace(NAIVE, outcome=REPEATED, baseline=0)
    assert of(wasted) == {Lever.WASTE: -290_000}


def test_asking_first_questions_apart_is_a_loss_and_later_ones_together_a_saving() -> None:
    """The naive way looks once for all first questions, and once for each later one."""
    half = Naive(Fraction(500), Fraction(1000))  # one of two first questions, asked apart
    assert of(replace(NAIVE, baseline=165_000), half) == {Lever.LOOKS: -125_000}
    together = replace(NAIVE, usage=Usage(600, 500, 0, 10, 0), cost=165_000)
    assert of(replace(together, baseline=165_000), Naive(Fraction(500), Fraction(500))) == {}
    later = Naive(Fraction(1000), Fraction(500))  # one of two later questions in one request
    assert of(together, later) == {Lever.LOOKS: 125_000}
