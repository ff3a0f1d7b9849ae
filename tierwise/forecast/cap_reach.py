"""How far a cap reaches: whether it covers a forecast, or about which share of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tierwise.accounts.admission import Admission, Work
from tierwise.forecast.forecast import Forecast


class Covers(StrEnum):
    """How much of what is left to ask a cap is enough for."""

    NOTHING = "nothing"  # not even one image can be admitted
    PART = "part"
    FORECAST = "forecast"  # the middle, not the interval
    INTERVAL = "interval"  # four cases in five, not the worst
    WORST = "worst"


@dataclass(frozen=True, slots=True)
class CapReach:
    """What a cap is enough for. `least`, in nano-dollars, must be free for the cheapest image.

    Of what is left to ask, `share` fits, and in 80 % of cases between `low` and `high`; 0 to 1.
    """

    admission: Admission
    least: int
    covers: Covers
    low: float
    share: float
    high: float


def cap_reach(
    admission: Admission, work: Mapping[str, Work], least: int, forecast: Forecast
) -> CapReach:
    """How far the purses of an admission reach; `work` are the first requests at their dearest.

    An image is admitted only while its worst case fits, so that about as much stays in each purse.
    """
    room = admission.set_aside
    purses = {name: purse for name, purse in admission.purses.items() if purse >= least}
    kept = sum(work[name].worst // work[name].images for name in purses)
    spendable = max(0, sum(purses.values()) - kept)
    cost = forecast.cost
    if not forecast.worst or room >= forecast.worst:
        covers = Covers.WORST
    elif not purses:
        covers = Covers.NOTHING
    elif spendable < cost.middle:
        covers = Covers.PART
    else:
        covers = Covers.INTERVAL if spendable >= cost.high else Covers.FORECAST
    if covers is Covers.WORST:
        spendable = max(room, cost.high)
    low, share, high = (_share(spendable, of) for of in (cost.high, cost.middle, cost.low))
    return CapReach(admission, least, covers, low, share, high)


def _share(spendable: int, cost: int) -> float:
    return min(1.0, spendable / cost) if cost else 1.0
