"""What a pilot has asked, and what all the rest will cost by it, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tierwise.beam_pipeline.terminal.forecast_tables import short
from tierwise.forecast.pilot import what_was_asked
from tierwise.shown import counted


def pilot_lines(run: dict[str, Any]) -> Iterator[str]:
    """Lines about `first` in `run.json`; none where everything was asked."""
    if "first" not in run:
        return
    first = run["first"]
    yield what_was_asked(first)
    forecast = first.get("forecast")
    if not forecast:
        yield "No file was asked to its end, so that nothing can be forecast of the others."
        return
    left, every = forecast["remaining"], forecast["all"]
    rests_on = forecast["rests_on_contents"]
    if not left["contents"]:
        yield f"All of them together cost ${forecast['rests_on_usd']}: nothing is left to ask."
        return
    yield (
        f"Forecast for the other {left['contents']:,}: about {left['requests']:,} requests, "
        f"${short(left['cost_usd'])}{_interval(left)}. For all {every['contents']:,}: "
        f"{every['requests']:,} requests, ${short(every['cost_usd'])}{_interval(every)}."
    )
    yield (
        f"It rests on what {counted(rests_on, 'file')} drawn at random really cost, "
        f"${forecast['rests_on_usd']}, at the prices of their day. What is rarer in the archive "
        f"than 1 in {rests_on} may be missing from it."
    )
    if rests_on < first["contents"]:
        yield (
            f"Of the pilot {first['contents'] - rests_on} were not asked to their end; those that "
            "were may cost more or less than they."
        )
    yield "To go on, run the same command without --first: it asks only the others."


def _interval(row: dict[str, Any]) -> str:
    if "low_usd" not in row:
        return " (too few were asked to say how sure that is)"
    return f"; in 80 % of cases ${short(row['low_usd'])} to ${short(row['high_usd'])}"
