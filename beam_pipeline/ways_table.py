"""The ways of asking one archive, as rows and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_pipeline.cost_table import count
from beam_pipeline.forecast_tables import opening, short
from beam_pipeline.plain_text import plain
from tierwise.forecast.lever import biggest_lever
from tierwise.forecast.survey import Survey
from tierwise.forecast.ways import Change, Way, naive_cost
from tierwise.tables import usd

_NAMES = {
    Change.PACK: "{} images per request",
    Change.SHEET: "{} images per sheet",
    Change.MODEL: "{}",
    Change.VENDOR: "{} (estimate)",
}


def way_rows(found: Sequence[Way]) -> list[dict[str, Any]]:
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
            "can_run": way.can_run,
            "estimate": way.estimate,
            "source": way.source,
            "ends": str(way.ends) if way.ends else None,
        }
        for way in found
    ]


def print_ways(
    found: Sequence[Way], survey: Survey, uri: str, warnings: Sequence[str], console: Console
) -> None:
    """Print a table to standard output, and the biggest lever."""
    for line in opening(survey, uri, warnings):
        console.print(Text(plain(line)), soft_wrap=True)
    title = "All tasks in other ways, the cheapest first (nothing was spent)"
    table = Table(title=title, title_justify="left", show_edge=False)
    table.add_column("one change to what is asked")
    for heading in ("requests", "USD", "less than the\nnaive way"):
        table.add_column(Text(heading), justify="right")
    naive = naive_cost(found)
    for way in found:
        style = "bold" if way.change in (Change.NONE, Change.NAIVE) else ""
        table.add_row(
            Text(_name(way), style),
            count(way.load.requests),
            short(usd(way.load.cost)),
            f"{100 * (naive - way.load.cost) / naive:.0f} %" if naive else "",
        )
    console.print(table)
    console.print(Text(biggest_lever(found)), soft_wrap=True)
    sources = dict.fromkeys(source for way in found for source in way.source.split(", ") if source)
    console.print(
        Text(
            "Estimates: other vendors' list prices and documented rules for pictures; the same "
            "texts and answers, no thoughts. Sources: " + "; ".join(sources) + "."
        ),
        soft_wrap=True,
    )


def _name(way: Way) -> str:
    if way.change is Change.PACK and way.to == "1":
        return "1 image per request"
    name = _NAMES.get(way.change, f"{way.change} {{}}").format(way.to).strip()
    if way.ends:
        return f"{name} (ends {way.ends})"
    return name if way.can_run or way.estimate else f"{name} (not in this version)"
