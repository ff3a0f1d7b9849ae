"""A measurement for people, and as Parquet."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter

import pyarrow as pa
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console

from beam_pipeline.cost_table import count
from beam_pipeline.fitted_table import Column, fitted_table
from beam_pipeline.screen import say
from tierwise.measurement import Measured, MeasuredRoute
from tierwise.tables import USD, usd

# What was varied, where it begins, and a route.
_Row = tuple[str, MeasuredRoute]


def print_measurement(
    routes: Sequence[MeasuredRoute], task: str, console: Console, *, emulated: bool
) -> None:
    """Print one table, grouped by what was varied."""
    said = " (emulated)" if emulated else ""
    title = f"{task}: tokens per image{said}"
    groups = [(key, list(same)) for key, same in groupby(routes, key=attrgetter("varied"))]
    rows = [("" if n else key, one) for key, same in groups for n, one in enumerate(same)]
    table = fitted_table(title, _COLUMNS, rows, console.width, box=SIMPLE_HEAD)
    console.print()
    console.print(table)
    for one in routes:
        if one.unlike_rule:
            say(
                console,
                f"{one.name}: {one.unlike_rule} of {one.images} images were not billed by the "
                "documented rule.",
            )
    if not any(one.unlike_rule for one in routes):
        say(console, "Every picture was billed by the documented rule.")
    if emulated:
        say(console, "EMULATED: these tokens come from a local emulator, not from Gemini.")


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
    Column("rule", _number(lambda one: one.rule_tokens)),
    Column("text", _number(lambda one: one.text_tokens), 2),
    Column("out", _number(lambda one: one.output_tokens + one.thought_tokens), 2),
    Column("USD per\n1000", _number(lambda one: one.usd_per_1000_images, ".4f")),
    Column("ms", lambda row: count(round(row[1].latency_ms)), 1),
)
