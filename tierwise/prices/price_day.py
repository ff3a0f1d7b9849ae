"""Which day it is where Google bills: days begin at midnight in California.

Quotas of a day begin anew at midnight Pacific time (ai.google.dev/gemini-api/docs/rate-limits), and
so do the days of Cloud Billing; that prices change with them is inferred.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_GOOGLE = ZoneInfo("America/Los_Angeles")


def price_day(now: datetime) -> date:
    """The day whose prices hold at a moment, which must know its time zone.

    >>> from datetime import UTC
    >>> price_day(datetime(2026, 12, 1, 7, 59, tzinfo=UTC)).isoformat()
    '2026-11-30'
    """
    if now.tzinfo is None:
        raise ValueError(f"{now} says nothing of its time zone, and so nothing of Google's day")
    return now.astimezone(_GOOGLE).date()
