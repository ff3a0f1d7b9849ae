"""Short runs of the simulations: `make prove` has the long ones."""

from __future__ import annotations

import pytest

from bench.guarantee import looks, orders, reach, units
from bench.guarantee.bounds import at_most
from tierwise.statistics.spending import error_of_look


@pytest.mark.parametrize("draw", [units.packs, units.half_packs, units.sheets, units.pages])
def test_what_fails_together_deceives_no_more_often_than_promised(draw: object) -> None:
    wrong = units.wrongly(draw, 65, 500)  # type: ignore[arg-type]
    at_most(units.ERROR, wrong.by_unit, 500)
    assert wrong.by_image > 2 * units.ERROR  # which is why


@pytest.mark.parametrize("grow", [looks.by_fifty, looks.greedy])
def test_twenty_looks_deceive_no_more_often_than_one(grow: object) -> None:
    counted = looks.wrongly(grow, looks.MARGIN, 0.0, 200)  # type: ignore[arg-type]
    at_most(looks.ERROR, counted, 200)


def test_few_labels_are_enough() -> None:
    first = error_of_look(0.05, 1)
    assert [reach.exact(margin, 0, 0, first) for margin in (0.05, 0.02)] == [65, 165]
    for lost in (1, 5):
        single = reach.exact(0.05, lost, 0, 0.05)
        assert reach.exact(0.05, lost, 0, first) <= 1.15 * single
        assert reach.graded(0.05, lost, 0, first) <= 1.5 * single


def test_one_order_saves_more_than_parts_of_the_error() -> None:
    spent = orders.costs("nothing is lost", 70, 3)
    assert spent["fixed"] < spent["fallback"]
