"""What a run in batch will be like: its rounds, its jobs, and how long they may take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from tierwise.accounts.tables import usd
from tierwise.batches.planned_rounds import PlannedBatch
from tierwise.batches.small_rounds import MOST_EXTRA_PERCENT, MOST_REQUESTS
from tierwise.beam_pipeline.terminal.cost_table import thousands
from tierwise.beam_pipeline.terminal.duration import duration
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.forecast_tables import short
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.records import ServiceTier
from tierwise.shown import counted

_HOUR = 3_600.0


def batch_row(planned: PlannedBatch) -> dict[str, Any]:
    """The rounds as JSON; dollars are decimal strings, times seconds."""
    return {
        "rounds": [
            {
                "round": one.number,
                "asked": str(one.at_once or ServiceTier.BATCH),
                "waves": one.waves,
                "jobs": [
                    {
                        "model": some.model,
                        "tasks": list(some.tasks),
                        "jobs": 0 if one.at_once else some.jobs,
                        "requests": some.requests,
                        "bytes": some.bytes,
                        "input_tokens": some.tokens,
                    }
                    for some in one.jobs
                ],
            }
            for one in planned.rounds
        ],
        "earliest_s": planned.earliest_s,
        "target_s": planned.target_s,
        "expires_s": planned.expires_s,
        "saved_usd": {str(tier): f"{usd(saved):f}" for tier, saved in planned.saved.items()},
        "enqueued_tokens": {
            name: {"tokens": limit.tokens, "usage_tier": limit.usage_tier, "known": limit.known}
            for name, limit in planned.enqueued.items()
        },
    }


def print_batch(planned: PlannedBatch, console: Console) -> None:
    """Print the rounds, and what to expect of them, to standard output."""
    columns = (
        Column("round", lambda row: str(row[0].number)),
        Column("tier", lambda row: str(row[0].at_once or ServiceTier.BATCH), number=False),
        Column("tasks", lambda row: ", ".join(row[1].tasks), number=False),
        Column("requests", lambda row: thousands(row[1].requests)),
        Column("jobs", lambda row: "" if row[0].at_once else thousands(row[1].jobs)),
        Column("MB", lambda row: _megabytes(row[1].bytes), 1),
        Column("tokens\nin", lambda row: thousands(row[1].tokens), 1),
    )
    rows = [(one, some) for one in planned.rounds for some in one.jobs]
    if not rows:  # the journal has every answer
        return
    title = "In batch, round by round (about)"
    console.print(fitted_table(title, columns, rows, console.width))
    for line in (*_times(planned), *_room(planned), *_savings(planned), *_small(planned)):
        say(console, line)


def batch_lines(planned: PlannedBatch) -> Iterator[str]:
    """The same in a few lines, before a run."""
    jobs = sum(some.jobs for one in planned.in_jobs for some in one.jobs)
    if not jobs:
        return
    requests = sum(one.requests for one in planned.in_jobs)
    yield (
        f"In batch: {counted(requests, 'request')} in {counted(jobs, 'job')}, "
        f"{counted(len(planned.in_jobs), 'round')}."
    )
    yield from _times(planned)
    yield from _room(planned)


def _megabytes(size: int) -> str:
    return f"{size / 10**6:.1f}" if size < 10**8 else f"{size // 10**6}"


def _times(planned: PlannedBatch) -> Iterator[str]:
    if not planned.waits:
        return
    limits = planned.limits
    each = f"{limits.target_s / _HOUR:.0f} h"
    waits = "" if planned.waits == 1 else f", {planned.waits} times one after the other"
    runs = limits.expires_s - limits.waits_s
    expires = f"{limits.waits_s / _HOUR:.0f} h"
    if runs:
        expires += f" in the queue, or {runs / _HOUR:.0f} h of running"
    yield (
        f"Jobs have taken {duration(planned.earliest_s)} at the earliest; nothing is promised, "
        f"and Google's target is {each} for a job{waits}: {duration(planned.target_s)}. A job that "
        f"has not ended after {expires} expires, and is asked again; --batch_deadline ends it "
        "sooner."
    )
    if any(one.tried for one in planned.in_jobs):
        yield "What Google has never answered in this form is tried with a small job first."


def _room(planned: PlannedBatch) -> Iterator[str]:
    waiting = [one for one in planned.in_jobs if one.waves > 1]
    jobs = sum(some.jobs for one in waiting for some in one.jobs)
    if waiting:
        yield (
            f"Not all of {counted(jobs, 'job')} fit at a time: they go in "
            f"{sum(one.waves for one in waiting)} waves, each when the one before has ended. A "
            "job that was cancelled takes its room for two days more."
        )
    models = {some.model for one in waiting for some in one.jobs}
    for name, limit in planned.enqueued.items():
        if name in models:
            yield f"Tokens that may wait in jobs: {limit.said} (--usage_tier)."


def _savings(planned: PlannedBatch) -> Iterator[str]:
    against = {str(tier): f"${short(usd(saved))}" for tier, saved in planned.saved.items()}
    standard, flex = (against.get(tier) for tier in (ServiceTier.STANDARD, ServiceTier.FLEX))
    if standard:
        yield f"Batch saves {standard} against standard."
    if flex == "$0":
        yield "Flex costs the same, and answers within minutes, as far as it has room."
    elif flex:
        yield f"Against flex it saves {flex}."


def _small(planned: PlannedBatch) -> Iterator[str]:
    if any(one.number > 1 for one in planned.rounds):
        yield (
            f"A later round of at most {MOST_REQUESTS:,} requests is asked at once, at "
            "--batch_fallback: at flex, which costs the same; at standard where that costs at most "
            f"{MOST_EXTRA_PERCENT} % more of what was paid, or a cent."
        )
