"""A forecast for people: tables as wide as their terminal, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

from rich.console import Console
from rich.table import Table

from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.beam_pipeline.terminal.cost_table import thousands
from tierwise.beam_pipeline.terminal.duration import duration
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.forecast.forecast import Forecast, forecast_row
from tierwise.forecast.survey import Survey
from tierwise.shown import counted
from tierwise.skipped_files import skipped_lines

# What a sum rests on that was counted in a sample.
IF_ALIKE = "if the files that nobody looked at are like the others"
_ESTIMATED = "Forecast (nothing was asked, nothing was spent)"


def print_forecast(
    forecast: Forecast,
    uri: str,
    lasting: Mapping[str, float],
    warnings: Sequence[str],
    console: Console,
) -> None:
    """Print to standard output; `lasting` are seconds by limit."""
    row = forecast_row(forecast)
    for line in opening(forecast.survey, uri, warnings):
        say(console, line)
    console.print(_tasks(row, console.width))
    if row["uncertainty"]:
        console.print(_unknowns(row, console.width))
    if lasting:
        console.print(_durations(lasting, console.width))
    for line in (*_declined(row), *_closing(row)):
        say(console, line)


def _declined(row: dict[str, Any]) -> Iterator[str]:
    """How many pictures are taken to be declined, and by what."""
    for name, task in row["tasks"].items():
        if "declined_share" in task:
            seen = task["declined_seen"]
            by = f"by {counted(seen, 'picture')} of the journal" if seen else "which is assumed"
            share = f"{task['declined_share']:.1%}"
            yield f"{name}: {share} of pictures are taken to be declined, {by}."


def forecast_line(row: dict[str, Any]) -> str:
    """A forecast in one line, from its row in `run.json`."""
    return (
        f"Forecast: {counted(row['requests'], 'request')}, ${short(row['cost_usd'])}; "
        f"in 80 % of cases ${short(row['low_usd'])} to ${short(row['high_usd'])}, "
        f"{most(row)}."
    )


def most(row: dict[str, Any]) -> str:
    """The most that a forecast comes to, with what that rests on."""
    amount = f"${short(row['worst_usd'])}"
    if row.get("worst_is_bound"):
        return f"at the very worst {amount}"
    return f"at most {amount} {IF_ALIKE}"


def no_images(survey: Survey, uri: str) -> list[str]:
    """A warning when nothing that was looked at is an image, none otherwise."""
    if survey.images or survey.known:
        return []
    if not survey.files:
        left_out = survey.skipped.total
        why = f"all {left_out} files are plainly none" if left_out else "nothing is listed"
        return [f"no images: --input={uri}: {why}."]
    if survey.away:
        return [f"no images: --input={uri}: {_away(survey)}"]
    looked = counted(survey.sampled_files, "file")
    sample = "" if survey.complete else f" out of {survey.files}"
    return [f"no images: --input={uri}: none of {looked}{sample} can be read as an image."]


def store_warnings(survey: Survey) -> list[str]:
    """A warning when a bucket or disk did not give files that were to be looked at."""
    if not survey.away or not (survey.images or survey.known):
        return []
    return [f"{_away(survey)} They count as like the others."]


def _away(survey: Survey) -> str:
    files = counted(len(survey.away), "file")
    return f"{files} to be looked at could not be read, such as {survey.away[0].rstrip('.')}."


def opening(survey: Survey, uri: str, warnings: Sequence[str]) -> Iterator[str]:
    """What was looked at, and what to be warned of."""
    looked = "all" if survey.complete else f"{survey.sampled_files}"
    images = len(survey.images) + len(survey.known)
    files = counted(survey.files, "file")
    if survey.of_files is not None:
        files = f"the first {survey.files} of {counted(survey.of_files, 'file')}"
    yield (
        f"{uri}: {files}, {looked} looked at, "
        f"{counted(images, 'image')} in them; "
        f"{counted(survey.skipped.total, 'file')} skipped."
    )
    yield from skipped_lines(survey.skipped.facts())
    if survey.repeated:
        rows = counted(survey.repeated, "row")
        yield f"{rows} of the manifest name an image once more, and cost nothing."
    if survey.known_files and survey.left_files:
        yield (
            f"Of {counted(survey.known_files, 'file')} every answer is known; "
            f"{survey.left_files} are new, or have something left to ask."
        )
    if survey.shares_alike:
        yield "Near duplicates are not foretold: with many of them it costs less."
    yield from (f"warning: {warning}" for warning in warnings)


def _tasks(row: dict[str, Any], width: int) -> Table:
    rows = [*row["tasks"].items(), ("in all", row)]
    return fitted_table(_ESTIMATED, _COLUMNS, rows, width, sums=1)


def _unknowns(row: dict[str, Any], width: int) -> Table:
    columns = (
        Column("not known before", itemgetter(0), number=False),
        Column("USD in all, in 80 % of cases", lambda one: _interval(one[1])),
    )
    widest = sorted(
        row["uncertainty"].items(),
        key=lambda one: Decimal(one[1]["low_usd"]) - Decimal(one[1]["high_usd"]),
    )
    return fitted_table("Where the uncertainty comes from", columns, widest, width)


def _interval(one: dict[str, str]) -> str:
    return f"{short(one['low_usd'])} to {short(one['high_usd'])}"


def _durations(lasting: Mapping[str, float], width: int) -> Table:
    columns = (
        Column("if only this holds it up", itemgetter(0), number=False),
        Column("time", lambda one: duration(one[1])),
    )
    return fitted_table("How long", columns, list(lasting.items()), width)


def _closing(row: dict[str, Any]) -> Iterator[str]:
    paid = (f"{name} {task['already_paid']}" for name, task in row["tasks"].items())
    if known := ", ".join(one for one in paid if not one.endswith(" 0")):
        yield f"Paid already, and not asked again: {known}."
    yield (
        f"{most(row).capitalize()}: if every condition held, and every reply were as long as its "
        "limit and useless until the last."
    )
    cost, baseline = Decimal(row["cost_usd"]), Decimal(row["baseline_usd"])
    less = 100 * (baseline - cost) / baseline if baseline else Decimal(0)
    saving = f", {abs(less):.0f} % {'less' if less > 0 else 'more'}" if less else ""
    yield f"The naive way: ${short(baseline)}{saving}."
    yield NAIVE_WAY
    for name, task in row["tasks"].items():
        if 2 * Decimal(task["output_usd"]) > Decimal(task["cost_usd"]):
            yield (
                f"{name}: answers and thoughts cost more than pictures and prompts. Ask for less, "
                "or for labels."
            )


def short(amount: str | Decimal) -> str:
    """Dollars in three digits that matter, in at most eight characters below a million.

    >>> [short(usd) for usd in ("0.012412750", "12.4", "1234.56", "0", "0.000078750", "0.0000001")]
    ['0.0124', '12.40', '1234.56', '0', '0.000079', '1e-7']
    """
    value = Decimal(amount)
    if value >= 1 or not value:
        return f"{value:.2f}" if value else "0"
    small = Decimal("0.0000005") <= value < Decimal("0.001")
    return f"{value:.6f}" if small else f"{value:.3g}"


_Named = tuple[str, dict[str, Any]]


def _count(*names: str) -> Callable[[_Named], str]:
    return lambda one: thousands(sum(one[1][name] for name in names))


def _usd(name: str) -> Callable[[_Named], str]:
    return lambda one: short(one[1][name])


# The rows are names of tasks and what is forecast for each.
_COLUMNS = (
    Column("task", lambda one: plain(one[0]), number=False),
    Column("asked", _count("questions"), 1),
    Column("requests", _count("requests"), 2),
    Column("tokens\nin", _count("input_tokens"), 3),
    Column("\nout", _count("output_tokens", "thought_tokens"), 3),
    Column("\nUSD", _usd("cost_usd")),
    Column("80 % of\ncases", _usd("low_usd")),
    Column("", _usd("high_usd")),
)
