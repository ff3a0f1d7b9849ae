"""What a run cost, what it would have cost, and what is left of its cap."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.accounts.table_names import COSTS
from tierwise.accounts.tables import costs_schema
from tierwise.beam_pipeline.terminal.cost_table import cost_table, dollars
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.forecast_tables import forecast_line
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.beam_pipeline.terminal.table_rows import batches_of
from tierwise.records import Reason, ServiceTier
from tierwise.shown import counted
from tierwise.storage.files import join

_MOST_VALUES = 12


def print_money(run: dict[str, Any], output: str, console: Console) -> None:
    """Print the table of costs, and in lines what they come to."""
    title = "Costs (emulated)" if run["emulated"] else "Costs"
    console.print(cost_table(_costs(output), console.width, title))
    if "cost_by" in run:
        console.print(_charges(run["cost_by"], console.width))
    for line in (*_totals(run), *_surprises(run), *cap_lines(run)):
        say(console, line)


def _costs(output: str) -> list[dict[str, Any]]:
    """Rows of `costs`; those that differ only in `--cost_by` are added up."""
    schema = costs_schema()
    keys = [name for name in schema.names if schema.field(name).type == pa.string()]
    sums = [name for name in schema.names if name not in keys]
    table = pa.Table.from_batches(batches_of(join(output, COSTS), schema.names), schema)
    added = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in sums])
    rows: list[dict[str, Any]] = added.rename_columns([*keys, *sums]).to_pylist()
    return rows


def _charges(cost_by: dict[str, Any], width: int) -> Table:
    values = cost_by["values"]
    rows = [
        (plain(value), str(charge["requests"]), dollars(Decimal(charge["cost_usd"])))
        for value, charge in list(values.items())[:_MOST_VALUES]
    ]
    if (more := len(values) + cost_by["left_out"] - _MOST_VALUES) > 0:
        rows.append((f"... and {more} more, in the table costs", "", ""))
    columns = (
        Column(plain(cost_by["column"]), itemgetter(0), number=False),
        Column("requests", itemgetter(1)),
        Column("USD", itemgetter(2)),
    )
    return fitted_table(f"Costs by {plain(cost_by['column'])}", columns, rows, width, edge=True)


def _totals(run: dict[str, Any]) -> Iterator[str]:
    totals = run["totals"]
    cost, baseline = Decimal(totals["cost_usd"]), Decimal(totals["baseline_cost_usd"])
    yield (
        f"Images: {run['images']}, requests: {totals['requests']}, cost: ${cost:f}; "
        f"the naive way ${baseline:f}, {_saved(baseline - cost)}."
    )
    every, ours = run["all_runs"], run["totals"]
    if any(every[name] != ours[name] for name in ("cost_usd", "maybe_billed_usd")):
        yield from all_runs_lines(every, capped="cap" in run)
    if row := run.get("forecast"):
        yield forecast_line(row)
    yield NAIVE_WAY
    if run["waste"]:
        parts = ", ".join(f"{outcome} ${cost}" for outcome, cost in run["waste"].items())
        yield f"Paid without an answer: ${totals['wasted_usd']} ({parts})."
    if Decimal(totals["maybe_billed_usd"]):
        yield f"Maybe billed besides, at the worst: ${totals['maybe_billed_usd']}."
    if bill := run.get("emulator_bill"):
        asked = counted(bill["requests"], "request")
        yield f"The emulator's bill: ${bill['total_usd']} for {asked}."


def all_runs_lines(every: dict[str, Any], *, capped: bool = False) -> Iterator[str]:
    """What all runs into an output cost: `every` is `all_runs` of `run.json`.

    A run with a cap says elsewhere what is perhaps lost.
    """
    line = f"All runs into this output: {every['requests']} requests, ${every['cost_usd']}"
    lost = Decimal(every["maybe_lost_usd"])
    if maybe := Decimal(every["maybe_billed_usd"]):
        perhaps = f", of which perhaps lost ${lost:f}" if lost else ""
        line += f"; maybe billed besides, at the worst: ${maybe:f}{perhaps}"
    if "baseline_cost_usd" in every:  # once a run has ended there
        saved = _saved(Decimal(every["saved_usd"]))
        line += f"; the naive way ${every['baseline_cost_usd']}, {saved}"
    yield f"{line}."
    if lost and not capped:
        yield f"{_perhaps_lost(lost)}."


def _saved(dollars: Decimal) -> str:
    """A saving, or what was paid more.

    >>> _saved(Decimal("0.5")), _saved(Decimal("-0.5"))
    ('saved $0.5', '$0.5 more')
    """
    return f"saved ${dollars:f}" if dollars >= 0 else f"${-dollars:f} more"


def _perhaps_lost(lost: Decimal) -> str:
    return (
        f"Perhaps lost, ${lost:f}: the most that requests without a trace may have cost. They "
        "were under way when runs were killed (left_under_way in run.json names them), or their "
        "lines in the journal are damaged. Perhaps none was billed"
    )


def _surprises(run: dict[str, Any]) -> Iterator[str]:
    """Models, versions and tiers that were not asked for, but answered."""
    yield from map(_answered_by_other, run["answered_by_others"])
    for name, calibrated in run.get("calibrated_versions", {}).items():
        answers = run["tasks"].get(name, {}).get("model_versions", {})
        if calibrated and (others := answers.keys() - set(calibrated)):
            yield (
                f"{name}: {counted(sum(answers[other] for other in others), 'answer')} of "
                f"{', '.join(sorted(others))}, but the calibration measured "
                f"{', '.join(calibrated)}. Calibrate again."
            )
    for name, asked in run["service_tiers"].items():
        for served, images in run["tasks"][name]["served_tiers"].items():
            if served == asked:
                continue
            told = f"{name}: {counted(images, 'image')} asked"
            if served == ServiceTier.BATCH:
                yield f"{told} by a batch job of an earlier start."
            elif asked == ServiceTier.BATCH:
                yield f"{told} without a batch job, at {served}."
            else:
                yield (
                    f"{name}: {counted(images, 'image')} asked at the {asked} tier, served and "
                    f"billed at {served}."
                )


def _answered_by_other(other: dict[str, Any]) -> str:
    gave = (
        f"{other['pinned']} was pinned, but {other['answered_by']} gave "
        f"{counted(other['answers'], 'answer')}"
    )
    if not other["price_is_known"]:
        return (
            f"{gave}. Its price is not known: ${other['cost_usd']} is what the pinned model costs, "
            "and the bill may differ. Calibrate again before you go on."
        )
    pinned = other["cost_usd_if_pinned"]
    would = f"at the pinned model's price ${pinned}" if pinned else "the pinned model has no price"
    return (
        f"{gave} for ${other['cost_usd']}; {would}. "
        f"Pin {other['answered_by']}, and calibrate again."
    )


def cap_lines(run: dict[str, Any]) -> Iterator[str]:
    """What is spent and left of the cap, and what it kept from being asked; none without."""
    if "cap" not in run:
        return
    cap = run["cap"]
    most, lost = Decimal(cap["max_cost_usd"]), Decimal(cap["maybe_lost_usd"])
    before = Decimal(cap["spent_before_usd"]) + lost
    perhaps = f", perhaps lost ${lost:f}" if lost else ""
    yield (
        f"Cap: ${most:f}; spent before ${cap['spent_before_usd']}{perhaps}, reserved "
        f"for this run ${cap['reserved_usd']}, spent ${cap['spent_usd']}, left ${cap['left_usd']}."
    )
    if lost:
        yield (
            f"{_perhaps_lost(lost)}; it counts against the cap for good. To go on, raise "
            "--max_cost_usd by as much, or give another --output, which asks all again."
        )
    if before > most:
        yield (
            f"THE CAP WAS PASSED before this run began, by ${before - most:f}: earlier runs "
            f"spent, or perhaps lost, ${before:f}. Only a --max_cost_usd above that leaves "
            "something to ask with."
        )
    if rows := run["failures"].get(Reason.OVER_BUDGET):
        rest = ", or with the same one to use what is left" if Decimal(cap["left_usd"]) else ""
        yield (
            f"{rows} rows are over_budget: no request was sent that might have exceeded the cap. "
            "Their files stayed unopened where nothing was left, so that some may yet turn out to "
            f"be unreadable. Run again with a higher --max_cost_usd to try only these{rest}."
        )
