"""The end of `tierwise optimize` for people: sizes before and after, tokens, dollars."""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import Any

from rich.console import Console

from tierwise.accounts.ending import REMEMBERED
from tierwise.accounts.remedies import REMEDIES
from tierwise.accounts.tables import reduction_percent, usd
from tierwise.beam_pipeline.shrink_graph import ShrinkJob
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.metrics import OptimizedTotals
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.publishing.written_before import METRICS_FILE
from tierwise.records import STORE_REASONS, Reason, ServiceTier, Usage
from tierwise.shown import counted
from tierwise.skipped_files import skipped_lines


def print_shrink_summary(content: dict[str, Any], job: ShrinkJob, console: Console) -> None:
    """Print a table by format, one by kind of picture, and what it means in tokens."""
    formats, kinds = (
        {name: OptimizedTotals(**total) for name, total in content[part].items()}
        for part in ("formats", "kinds")
    )
    total = sum(formats.values(), OptimizedTotals())
    for title, sums, columns in (
        ("Shrunk", formats, _COLUMNS),
        ("By kind of picture", kinds, _KIND_COLUMNS),
    ):
        rows = [*sums.items(), ("all", total)]
        console.print()
        console.print(fitted_table(title, columns, rows, console.width, edge=True, sums=1))
    for line in _lines(total, content, job):
        say(console, line)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.2f} MB"


def _lines(total: OptimizedTotals, content: dict[str, Any], job: ShrinkJob) -> list[str]:
    before, after = (
        usd(_input_cost(job.model, tokens, job.on))
        for tokens in (total.tokens_before, total.tokens_after)
    )
    how = f"{job.model} at media resolution {job.media_resolution}"
    lines = [
        f"Image tokens for {how}: {total.tokens_before:,} before, {total.tokens_after:,} after "
        f"(${before:.6f} and ${after:.6f} of input at the standard tier)."
    ]
    # Rounding a shape to whole pixels can move a token here and there.
    if total.images and abs(total.tokens_before - total.tokens_after) * 100 <= total.tokens_before:
        saved = (
            "Shrinking saves upload, memory and time, but no tokens here"
            if total.bytes_after < total.bytes_before
            else "Nothing was saved, no tokens either"
        )
        lines.append(f"{saved}: this model bills an image by media resolution and aspect ratio.")
    lines += [f"Warning: {warning}" for warning in content["warnings"]]
    for reason, files in content["failures"].items():
        if reason in STORE_REASONS:
            lines.append(f"{reason}: {counted(files, 'file')}. {REMEDIES[Reason(reason)]}")
    if files := content.get(REMEMBERED):
        lines.append(
            f"{counted(files, 'file')} could not be read now: small files and rows of an earlier "
            "run stay. Run the same command again when they can."
        )
    lines += skipped_lines(content)
    if rows := content["repeated_rows"]:
        lines.append(f"Warning: rows of the manifest that name an image once more: {rows}.")
    return [*lines, f"Small files: {job.output}, metrics: {METRICS_FILE} in it"]


def _input_cost(model: str, tokens: int, on: date) -> int:
    price = find_price(model, ServiceTier.STANDARD, on)
    return cost_nano_usd(Usage(input_tokens=tokens, image_tokens=tokens), price)


# The rows are formats and their totals.
_COLUMNS = (
    Column("format", itemgetter(0), number=False),
    Column("files", lambda one: f"{one[1].files:,}", 2),
    Column("images", lambda one: f"{one[1].images:,}", 1),
    Column("failed", lambda one: f"{one[1].failures:,}"),
    Column("before", lambda one: _megabytes(one[1].bytes_before)),
    Column("after", lambda one: _megabytes(one[1].bytes_after)),
    Column(
        "smaller",
        lambda one: f"{reduction_percent(one[1].bytes_before, one[1].bytes_after):.1f} %",
    ),
)
_KIND_COLUMNS = (
    Column("kind", itemgetter(0), number=False),
    Column("images", lambda one: f"{one[1].images:,}", 1),
    *_COLUMNS[-3:],
    Column("tokens before", lambda one: f"{one[1].tokens_before:,}"),
    Column("tokens after", lambda one: f"{one[1].tokens_after:,}"),
)
