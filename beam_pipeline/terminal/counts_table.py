"""How many pictures have which label, for people: by the answers, and corrected by labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from tierwise.accounts.table_names import COUNTS
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.counts.told import correction_lines, count_lines
from tierwise.storage.files import join

_MOST_LABELS = 12
_COLUMNS = (
    Column("label", lambda row: plain(row["label"]), number=False),
    Column("share", lambda row: f"{row['share']:.1%}"),
    Column("from", lambda row: f"{row['low']:.1%}"),
    Column("to", lambda row: f"{row['high']:.1%}"),
    Column("pictures", lambda row: f"{round(row['share'] * row['pictures']):,}", spared=1),
    Column("answered", lambda row: f"{row['answered']:,}", spared=2),
    Column("method", lambda row: row["method"], spared=3, number=False),
)


def print_counts(run: Mapping[str, Any], output: str, console: Console) -> None:
    """Print a table for each task with labels of pictures that were drawn at random."""
    for line in correction_lines(run):
        say(console, f"Corrections: {line}")
    for task, found in run.get("counts", {}).items():
        title = (
            f"{task}: how many there are of {found['pictures']:,}, by {found['labelled']} labels "
            "at random (95 %)"
        )
        rows = found["labels"][:_MOST_LABELS]
        console.print(fitted_table(title, _COLUMNS, rows, console.width, edge=True))
        told = list(count_lines(found))
        if len(found["labels"]) > _MOST_LABELS or "by" in found:
            by = f", by {plain(found['by']['column'])} too" if "by" in found else ""
            told.insert(0, f"All labels{by}: {join(output, COUNTS)}")
        for line in told:
            say(console, f"{task}: {line}")
