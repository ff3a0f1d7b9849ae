"""A measurement for people, and as Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_pipeline.cost_table import count
from tierwise.measurement import Measured, MeasuredRoute
from tierwise.tables import USD, usd

_NUMBERS = ("picture\nleast", "median", "most", "rule", "text", "out", "USD per\n1000", "ms")


def print_measurement(routes: Sequence[MeasuredRoute], task: str, *, emulated: bool) -> None:
    """Print one table, grouped by what was varied."""
    console = Console(highlight=False)
    said = " (emulated)" if emulated else ""
    title = Text(f"{task}: tokens per image{said}")
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, show_edge=False
    )
    table.add_column("varied")
    table.add_column("route", overflow="fold")
    for heading in _NUMBERS:
        table.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for one in routes:
        table.add_row(*map(Text, ("" if one.varied == before else one.varied, *_cells(one))))
        before = one.varied
    console.print()
    console.print(table)
    for one in routes:
        if one.unlike_rule:
            console.print(
                f"{one.name}: {one.unlike_rule} of {one.images} images were not billed by the "
                "documented rule."
            )
    if not any(one.unlike_rule for one in routes):
        console.print("Every picture was billed by the documented rule.")
    if emulated:
        console.print("EMULATED: these tokens come from a local emulator, not from Gemini.")


def _cells(one: MeasuredRoute) -> Sequence[str]:
    return (
        one.name,
        str(one.image_tokens_least),
        f"{one.image_tokens_median:g}",
        str(one.image_tokens_most),
        f"{one.rule_tokens:.0f}",
        f"{one.text_tokens:.0f}",
        f"{one.output_tokens + one.thought_tokens:.0f}",
        f"{one.usd_per_1000_images:.4f}",
        count(round(one.latency_ms)),
    )


def measurement_parquet(images: Mapping[str, Sequence[Measured]]) -> bytes:
    """One row per image and route; dollars are decimals with nine places."""
    numbers = [name for name in asdict(_EMPTY) if name not in ("uri", "cost")]
    schema = pa.schema(
        [
            ("route", pa.string()),
            ("uri", pa.string()),
            *((name, pa.int64()) for name in numbers),
            ("cost_usd", USD),
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
