"""How far a cap reaches: never further than it can, and further with more."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.tierwise.forecast.one_task import survey_of, tasks_of
from tierwise.accounts.admission import Cap, Paid, Work, admit
from tierwise.forecast.cap_reach import CapReach, Covers, cap_reach
from tierwise.forecast.forecast import Forecast, forecast
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing
from tierwise.records import Spent

IMAGE_AT_MOST = 500_000
IMAGES = 1000


def forecast_of_one(standing: Standing = Standing.ASKED) -> Forecast:
    image = SeenImage(4000, 3000, "a.jpg", {}, {"a": standing})
    survey = survey_of((image,) * 100, files=IMAGES)
    return forecast(
        tasks_of().tasks, survey, Rates(date(2026, 11, 23)), {"a": 2 * IMAGE_AT_MOST}, unknowns=()
    )


FORECAST = forecast_of_one()


def reach(cap: int, *, before: int = 0, shards: int = 1) -> CapReach:
    each = Work(IMAGE_AT_MOST * IMAGES // shards, IMAGES // shards)
    work = {str(shard): each for shard in range(shards)}
    admission = admit(Cap(cap), Paid(Spent(cost=before)), work)
    return cap_reach(admission, work, IMAGE_AT_MOST, FORECAST)


@given(st.integers(0, 2 * FORECAST.worst), st.integers(0, 10**9), st.sampled_from([1, 10, 100]))
def test_a_share_is_never_more_than_the_room_pays_for(cap: int, before: int, shards: int) -> None:
    found = reach(cap, before=before, shards=shards)
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.share * FORECAST.cost.middle <= max(0, cap - before)
    whole = found.covers in (Covers.FORECAST, Covers.INTERVAL, Covers.WORST)
    assert whole == (found.share == 1)
    assert (found.low == 1) == (found.covers in (Covers.INTERVAL, Covers.WORST))
    assert reach(cap + 2 * IMAGE_AT_MOST, before=before, shards=shards).share >= found.share


def test_what_a_cap_is_enough_for() -> None:
    cost, last = FORECAST.cost, IMAGE_AT_MOST
    assert cost.low < cost.middle < cost.high < FORECAST.worst
    caps = (last - 1, last, cost.middle + last, cost.high + last, FORECAST.worst)
    assert [reach(cap).covers for cap in caps] == list(Covers)
    assert reach(cost.middle // 2 + last).share == cost.middle // 2 / cost.middle
    assert reach(cost.middle + last, before=last).covers is Covers.PART


def test_where_nothing_is_left_to_ask_any_cap_is_enough() -> None:
    paid = forecast_of_one(Standing.PAID)
    found = cap_reach(admit(Cap(0), Paid(), {}), {}, 0, paid)
    assert (found.covers, found.low, found.share, found.high) == (Covers.WORST, 1, 1, 1)
