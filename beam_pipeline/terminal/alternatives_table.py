"""The ways of asking one archive, as rows and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.accounts.tables import usd
from tierwise.beam_pipeline.terminal.cost_table import thousands
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.forecast_tables import opening, short
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.forecast.alternatives import Alternative, Change, naive_cost
from tierwise.forecast.lever import biggest_lever
from tierwise.forecast.shortlist import shortlist
from tierwise.forecast.survey import Survey

_NAMES = {
    Change.PACK: "{} images per request",
    Change.SHEET: "{} images per sheet",
    Change.MODEL: "{}",
}


def alternative_rows(found: Sequence[Alternative]) -> list[dict[str, Any]]:
    """The ways as JSON, the cheapest first; dollars are decimal strings."""
    naive = naive_cost(found)
    return [
        {
            "change": str(way.change),
            "to": way.to,
            "prices_of": str(way.on),
            "requests": way.load.requests,
            "cost_usd": f"{usd(way.load.cost):f}",
            "saved_usd": f"{usd(naive - way.load.cost):f}",
            "ends": str(way.ends) if way.ends else None,
        }
        for way in found
    ]


def print_alternatives(
    found: Sequence[Alternative],
    survey: Survey,
    uri: str,
    warnings: Sequence[str],
    console: Console,
    *,
    whole: bool,
) -> None:
    """Print a table to standard output, of the ways that matter or the `whole`, and the lever."""
    for line in opening(survey, uri, warnings):
        say(console, line)
    title = "All tasks in other ways, the cheapest first (nothing was spent)"
    naive = naive_cost(found)
    shown = found if whole else shortlist(found)
    columns = (
        Column("one change to what is asked", _name, number=False),
        Column("requests", lambda way: thousands(way.load.requests), 1),
        Column("USD", lambda way: short(usd(way.load.cost))),
        Column("less than the\nnaive way", lambda way: _less(way.load.cost, naive)),
    )
    table = fitted_table(
        title,
        columns,
        shown,
        console.width,
        bold=lambda way: way.change in (Change.NONE, Change.NAIVE),
    )
    console.print(table)
    if left := len(found) - len(shown):
        say(console, f"{left} more ways: plan --compare --all.")
    say(console, biggest_lever(found))
    say(console, NAIVE_WAY)


def _less(cost: int, naive: int) -> str:
    return f"{100 * (naive - cost) / naive:.0f} %" if naive else ""


def _name(way: Alternative) -> str:
    if way.change is Change.PACK and way.to == "1":
        return "1 image per request"
    if way.change is Change.TOGETHER and way.to:
        return f"{way.change} at {way.to}"
    name = _NAMES.get(way.change, f"{way.change} {{}}").format(way.to).strip()
    if way.ends:
        return f"{name} (ends {way.ends})"
    return name
