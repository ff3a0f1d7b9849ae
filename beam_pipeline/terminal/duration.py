"""A stretch of time for people."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(0.4), duration(75), duration(7_300), duration(190_000)
    ('under 1 s', '1 min 15 s', '2 h 1 min', '2 d 4 h')
    """
    whole = round(seconds)
    for long, unit, short_, below in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if whole >= long:
            return f"{whole // long} {unit} {whole % long // short_} {below}"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole} s" if whole else "under 1 s"
