"""Prices that change soon: what a run that lasts until then comes to is not what was forecast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from tierwise.errors import PriceError
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import find_price, rows_of
from tierwise.records import ServiceTier
from tierwise.shown import counted

# A run over a large archive takes days, and there is time left to decide.
_WARN_BEFORE = timedelta(days=60)


def price_warning(
    model: str, tier: ServiceTier, on: date, *, vertex: bool = False, prices: Sequence[Price] = ()
) -> str | None:
    """A warning when the price of a model at a tier changes or ends soon after a day, or None.

    `prices` were negotiated. Raises PriceError when there is no price on the day itself.
    """
    today = find_price(model, tier, on, vertex=vertex, prices=prices)
    for day in _days_of_change(rows_of(model, prices, vertex=vertex), on):
        when = f"{day}, in {counted((day - on).days, 'day')}"
        try:
            later = find_price(model, tier, day, vertex=vertex, prices=prices)
        except PriceError:
            return (
                f"the price of {model} at {tier} ends with {when}; none is known from then on, and "
                "a run that lasts until then stops there. Give the next one with --prices."
            )
        if _usd(later) != _usd(today):
            return (
                f"{model} at {tier} costs {_usd(today)} USD per million tokens in / out, and "
                f"{_usd(later)} from {when}; a forecast knows the first alone. "
                f"See tierwise plan --prices_on={day}."
            )
    return None


def _days_of_change(rows: Sequence[Price], on: date) -> list[date]:
    """The days soon after `on` on which a price begins, or has ended."""
    edges = {row.valid_from for row in rows} | {row.valid_until for row in rows if row.valid_until}
    return sorted(day for day in edges if on < day <= on + _WARN_BEFORE)


def _usd(price: Price) -> str:
    return f"{price.input_usd_per_mtok} / {price.output_usd_per_mtok}"
