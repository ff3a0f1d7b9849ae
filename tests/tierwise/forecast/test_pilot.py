"""What a pilot says of the rest: the sums are exact, and the interval holds as often as it says."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from tierwise.forecast.pilot import Measured, Population, measured_content, pilot_facts
from tierwise.records import Reason, Spent


def measured(costs: list[int], pack: int = 1) -> Measured:
    """Contents that cost so much, of which `pack` in a row share a request, and its cost."""
    total = Measured()
    for begin in range(0, len(costs), pack):
        some = costs[begin : begin + pack]
        for place, share in enumerate(Spent(cost=sum(some), requests=1).shares(len(some))):
            cost = share.cost
            total += Measured(1, cost, int(place == 0), cost * cost, cost * len(some))
    return total


def test_equal_costs_are_forecast_to_the_letter() -> None:
    archive = Population(1000, 1100, 100, 104)
    facts = pilot_facts(100, archive, measured([2_000_000] * 100))
    assert facts["contents"], facts["of_files"] == (100, 1100)
    forecast = facts["forecast"]
    assert forecast["rests_on_contents"] == 100
    assert Decimal(forecast["rests_on_usd"]) == Decimal("0.2")
    assert forecast["remaining"]["contents"] == forecast["remaining"]["requests"] == 900
    for name in ("cost_usd", "low_usd", "high_usd"):
        assert Decimal(forecast["remaining"][name]) == Decimal("1.8")
        assert Decimal(forecast["all"][name]) == 2


def test_nothing_is_left_of_a_whole_archive() -> None:
    facts = pilot_facts(500, Population(3, 3, 3, 3), measured([1, 2, 3]))
    assert facts["forecast"]["remaining"] == {
        "contents": 0,
        "requests": 0,
        **dict.fromkeys(("cost_usd", "low_usd", "high_usd"), "0.000000000"),
    }
    assert facts["forecast"]["all"]["cost_usd"] == "0.000000006"


def test_too_few_have_no_interval_and_none_no_forecast() -> None:
    archive = Population(100, 100, 8, 8)
    assert "low_usd" not in pilot_facts(1, archive, measured([5]))["forecast"]["all"]
    assert "low_usd" not in pilot_facts(8, archive, measured([5] * 8, pack=8))["forecast"]["all"]
    assert "low_usd" in pilot_facts(8, archive, measured([5] * 8, pack=2))["forecast"]["all"]
    assert "forecast" not in pilot_facts(8, archive, Measured())


@pytest.mark.parametrize("pack", [1, 8])
def test_the_interval_holds_four_times_in_five(pack: int) -> None:
    """Of pilots of an archive where a tenth costs nine times as much as the others."""
    rng = random.Random(pack)
    archive = [rng.choice([100] * 9 + [900]) * 1000 + rng.randrange(1000) for _ in range(4000)]
    held = 0
    for _ in range(300):
        costs = rng.sample(archive, 160)
        facts = pilot_facts(160, Population(4000, 4000, 160, 160), measured(costs, pack))
        row = facts["forecast"]["all"]
        low, high = (int(Decimal(row[name]).scaleb(9)) for name in ("low_usd", "high_usd"))
        held += low <= sum(archive) <= high
    assert 0.72 <= held / 300 <= 0.9


def test_what_has_yet_to_be_asked_measures_nothing(answer: object, failure: object) -> None:
    done, spent = answer(), Spent(cost=7, requests=1)  # type: ignore[operator]
    left = failure(reason=Reason.OVER_BUDGET)  # type: ignore[operator]
    final = failure(reason=Reason.UNREADABLE)  # type: ignore[operator]
    assert measured_content([(done, spent), (left, Spent())]) == Measured()
    assert measured_content([(final, Spent())]) == Measured(1)
    assert measured_content([(done, spent), (final, Spent())]).cost == 7
