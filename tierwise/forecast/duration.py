"""How long the requests of a run take, at each limit that may hold them up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.forecast.workload import Load

# What most replies to small requests take; flex may take minutes.
_USUAL_SECONDS = 1.5


def durations(
    load: Load, *, requests_in_flight: int, requests_per_minute: float | None, spend_limits: bool
) -> Iterator[tuple[str, float]]:
    """Each limit in words, and the seconds that it alone would make a run last.

    `spend_limits` are those of the Developer API.
    """
    yield (
        f"{requests_in_flight} requests in flight, {_USUAL_SECONDS:g} s each",
        load.requests * _USUAL_SECONDS / requests_in_flight,
    )
    if requests_per_minute:
        seconds = 60 * load.requests / requests_per_minute
        yield f"{requests_per_minute:g} requests per minute", seconds
    for limit in _spend_limits() if spend_limits else ():
        dollars = Decimal(limit["usd_per_ten_minutes"])
        yield (
            f"usage tier {limit['usage_tier']}: ${dollars} in ten minutes",
            float(600 * usd(load.cost) / dollars),
        )


def spend_limit(usage_tier: int) -> int:
    """Nano-dollars that a project may spend in a minute at the Developer API, on average of ten.

    >>> spend_limit(1)
    1000000000
    """
    limits = {row["usage_tier"]: row["usd_per_ten_minutes"] for row in _spend_limits()}
    return int(Decimal(limits[usage_tier]) * 10**9 / 10)


@cache
def _spend_limits() -> list[dict[str, Any]]:
    text = (files("tierwise") / "facts" / "quotas.toml").read_text(encoding="utf-8")
    limits: list[dict[str, Any]] = tomllib.loads(text)["spend_limits"]
    return limits
