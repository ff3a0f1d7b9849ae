"""A measurement for people, and as Parquet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter

import pyarrow as pa
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console

from tierwise.accounts.tables import USD, usd
from tierwise.beam_pipeline.terminal.cost_table import thousands
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.measurement import Measured, MeasuredLook, MeasuredRoute, Unanswered
from tierwise.records import Reason
from tierwise.shown import counted

# Images and routes that are named before the rest is only counted.
_MOST_NAMED = 5

# What was varied, where it begins, and a route.
_Row = tuple[str, MeasuredRoute]


def print_measurement(
    routes: Sequence[MeasuredRoute],
    unanswered: Sequence[Unanswered],
    tried: int,
    task: str,
    console: Console,
    *,
    emulated: bool,
) -> None:
    """Print one table, grouped by what was varied, and what has no answer.

    Args:
        routes: those at which any image was answered.
        unanswered: images without an answer somewhere.
        tried: how many routes were to be measured.
        task: the name of the task that was asked.
        console: where to print.
        emulated: whether an emulator answered.
    """
    console.print()
    if routes:
        _print_routes(routes, task, console, emulated=emulated)
    else:
        say(console, "Nothing was measured: no image was answered at any route.")
    for line in _without_answer(unanswered, tried):
        say(console, line)
    for line in _verdict(routes, tried, complete=not unanswered):
        say(console, line)
    if routes and emulated:
        say(console, "EMULATED: these tokens come from a local emulator, not from Gemini.")


def print_looks(
    looks: Sequence[MeasuredLook], tasks: Sequence[str], console: Console, *, emulated: bool
) -> None:
    """Print what several questions about a picture cost together, and apart."""
    said = " (emulated)" if emulated else ""
    title = f"{', '.join(tasks)}: tokens per image, for all answers{said}"
    columns = (
        Column("asked", attrgetter("way"), number=False),
        Column("images", lambda one: str(one.images)),
        Column("picture", lambda one: f"{one.image_tokens:.0f}"),
        Column("text", lambda one: f"{one.text_tokens:.0f}"),
        Column("out", lambda one: f"{one.output_tokens + one.thought_tokens:.0f}"),
        Column("USD per\n1000", lambda one: f"{one.usd_per_1000_images:.4f}"),
    )
    console.print()
    console.print(fitted_table(title, columns, looks, console.width, box=SIMPLE_HEAD))


def _print_routes(
    routes: Sequence[MeasuredRoute], task: str, console: Console, *, emulated: bool
) -> None:
    said = " (emulated)" if emulated else ""
    title = f"{task}: tokens per image{said}"
    groups = [(key, list(same)) for key, same in groupby(routes, key=attrgetter("varied"))]
    rows = [("" if n else key, one) for key, same in groups for n, one in enumerate(same)]
    table = fitted_table(title, _COLUMNS, rows, console.width, box=SIMPLE_HEAD)
    console.print(table)


def _without_answer(unanswered: Sequence[Unanswered], tried: int) -> Iterator[str]:
    """Images by name and reason, but for those beyond the cap, of which its own lines tell."""
    failed = [one for one in unanswered if one.reason != Reason.OVER_BUDGET]
    if failed:
        images = counted(len({(one.uri, one.page) for one in failed}), "image")
        named = "; ".join(f"{one.uri}: {_failed_at(one, tried)}" for one in failed[:_MOST_NAMED])
        more = ", and more in the table failures" if len(failed) > _MOST_NAMED else ""
        yield f"Without an answer, and in no figure above: {images} ({named}{more})."


def _failed_at(one: Unanswered, tried: int) -> str:
    page = f"page {one.page}, " if one.page > 1 else ""
    at = "every route" if len(one.routes) == tried else ", ".join(one.routes[:_MOST_NAMED])
    return f"{page}{one.reason} at {at}"


def _verdict(routes: Sequence[MeasuredRoute], tried: int, *, complete: bool) -> Iterator[str]:
    """Whether what was answered was billed by the documented rule; nothing where none was."""
    for one in routes:
        if one.unlike_rule:
            yield (
                f"{one.name}: {one.unlike_rule} of {one.images} images were not billed by the "
                "documented rule."
            )
    if routes and not any(one.unlike_rule for one in routes):
        answered = "" if complete else " that was answered"
        at = "" if len(routes) == tried else f", at {len(routes)} of {tried} routes"
        yield f"Every picture{answered} was billed by the documented rule{at}."


def _number(
    figure: Callable[[MeasuredRoute], float | Decimal], form: str = ".0f"
) -> Callable[[_Row], str]:
    return lambda row: f"{figure(row[1]):{form}}"


def measurement_parquet(images: Mapping[str, Sequence[Measured]]) -> bytes:
    """One row per image and route; dollars are decimals with nine places."""
    numbers = [name for name in asdict(_EMPTY) if name not in ("uri", "cost", "asked_at")]
    schema = pa.schema(
        [
            ("route", pa.string()),
            ("uri", pa.string()),
            *((name, pa.int64()) for name in numbers),
            ("cost_usd", USD),
            ("asked_at", pa.timestamp("us", tz="UTC")),
        ]
    )
    rows = [
        {"route": name, **asdict(one), "cost_usd": usd(one.cost)}
        for name, some in images.items()
        for one in some
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink, compression="zstd")
    return sink.getvalue()


_EMPTY = Measured("", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

_COLUMNS = (
    Column("varied", itemgetter(0), 1, number=False),
    Column("route", lambda row: row[1].name, number=False),
    Column("picture\nleast", _number(lambda one: one.image_tokens_least), 3),
    Column("median", _number(lambda one: one.image_tokens_median, "g")),
    Column("most", _number(lambda one: one.image_tokens_most), 3),
    Column("rule,\nmedian", _number(lambda one: round(one.rule_tokens_median, 1), "g")),
    Column("text", _number(lambda one: one.text_tokens), 2),
    Column("out", _number(lambda one: one.output_tokens + one.thought_tokens), 2),
    Column("USD per\n1000", _number(lambda one: one.usd_per_1000_images, ".4f")),
    Column("ms", lambda row: thousands(round(row[1].latency_ms)), 1),
)
