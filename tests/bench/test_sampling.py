"""A sample of headers tells what all would: the short version of bench/forecast/sampling."""

from __future__ import annotations

from bench.forecast.sampling import WHAT, coverage_of, run


def test_intervals_hold_about_four_times_in_five() -> None:
    found = run(archives=54, seed=4, sample=60, size=0.1)
    for what in WHAT:
        held = coverage_of(found, what)
        assert held.intervals == 54
        assert held.fair, f"{what}: {held}"
