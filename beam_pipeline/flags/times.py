"""How long, and until when, as flags have it: `90s`, `90m`, `24h`, `2d`, and moments."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime

from tierwise.errors import InputError

# As the form of a Flex Template checks it, too.
DURATION = r"^(0|[0-9]{1,6}(\.[0-9]{1,3})?[smhd])$"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_duration(word: str) -> float:
    """Seconds; 0 needs no unit.

    >>> [read_duration(word) for word in ("0", "90s", "90m", "24h", "1.5d")]
    [0.0, 90.0, 5400.0, 86400.0, 129600.0]

    Raises:
        ArgumentTypeError: it is no duration.
    """
    if not re.fullmatch(DURATION, word):
        raise ArgumentTypeError(
            f"{word!r} is no duration. Write a number and s, m, h or d, as in 90m or 24h"
        )
    return float(word[:-1]) * _SECONDS[word[-1]] if word != "0" else 0.0


def read_span(word: str) -> float:
    """Seconds, more than none.

    Raises:
        ArgumentTypeError: it is no duration, or nothing.
    """
    seconds = read_duration(word)
    if not seconds:
        raise ArgumentTypeError(f"{word!r} is no time at all. Write it like 90m or 24h")
    return seconds


def read_moment(word: str, flag: str) -> datetime:
    """A day with a time of it, by the clock of this machine where no zone is named.

    >>> read_moment("2026-12-01T08:00+01:00", "finish_by").isoformat()
    '2026-12-01T08:00:00+01:00'

    Raises:
        InputError: it is no such moment.
    """
    wanted = f"--{flag}={word}: is no time of a day. Write it like 2026-12-01T08:00"
    try:
        moment = datetime.fromisoformat(word)
    except ValueError as error:
        raise InputError(f"{wanted}, local time, or 2026-12-01T08:00+01:00.") from error
    if ":" not in word:
        raise InputError(f"{wanted}: the hour and the minute are missing.")
    return moment.astimezone() if moment.tzinfo is None else moment
