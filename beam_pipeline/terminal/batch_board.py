"""Batch jobs for people who wait for them, or leave them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.status import Status

from tierwise.accounts.ending import Status as RunStatus
from tierwise.accounts.tables import usd
from tierwise.batches.job_files import BatchJob, JobOrder
from tierwise.beam_pipeline.terminal.cost_table import dollars
from tierwise.beam_pipeline.terminal.duration import duration
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.shown import counted

# A log of a day's waiting should not consist of these lines.
_FIRST_LINE_S, _RAREST_LINE_S = 30.0, 3600.0


def ordered_line(orders: Sequence[JobOrder]) -> str:
    """What is handed in: how many jobs, how large, and what they may cost."""
    requests = sum(order.rows for order in orders)
    size = sum(order.bytes for order in orders)
    held = dollars(usd(sum(order.worst for order in orders)))
    trial = ", a trial among them that goes first" if any(one.trial for one in orders) else ""
    return (
        f"{counted(len(orders), 'batch job')} of {orders[0].model}: {requests:,} requests, "
        f"{size / 1e6:,.1f} MB, at most ${held}{trial}."
    )


@dataclass(slots=True)
class BatchBoard:
    """Shows jobs while they are watched: a line on a terminal, elsewhere one now and then."""

    console: Console
    _status: Status | None = None
    _told: dict[str, str] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _next_s: float = _FIRST_LINE_S
    _pause_s: float = _FIRST_LINE_S

    @contextmanager
    def shown(self) -> Iterator[BatchBoard]:
        """Show it while the body runs."""
        if not self.console.is_terminal:
            yield self
            return
        with self.console.status("batch jobs") as self._status:
            yield self

    def tell(self, jobs: Sequence[BatchJob]) -> None:
        """How all jobs stand now."""
        for job in jobs:
            standing = job.standing
            if job.taken and self._told.get(job.order.id) not in (None, standing):
                self._say(_taken_line(job))
            elif job.open and job.told and self._told.get(job.order.id) != job.told:
                if not job.name or job.cancelled_at:  # how one under way stands is in the summary
                    self._say(f"{job.order.display_name}: {job.told}")
                standing = job.told
            self._told[job.order.id] = standing if job.taken or job.told else "new"
        line = self._summary([job for job in jobs if job.open])
        waited = time.monotonic() - self._begun
        if self._status:
            self._status.update(plain(line))
        elif waited >= self._next_s and any(job.open for job in jobs):
            self._say(line)
            self._next_s = waited + self._pause_s
            self._pause_s = min(2 * self._pause_s, _RAREST_LINE_S)

    def _summary(self, jobs: Sequence[BatchJob]) -> str:
        states = Counter(job.standing for job in jobs)
        rows = sum(job.order.rows for job in jobs)
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        shares = "; ".join(sorted({job.told for job in jobs if job.told and job.name}))
        waited = duration(time.monotonic() - self._begun)
        behind = f" ({shares})" if shares else ""
        return f"batch jobs: {told}, {rows:,} requests{behind}; waited {waited}"

    def _say(self, line: str) -> None:
        say(self.console, line)


def _taken_line(job: BatchJob) -> str:
    taken = job.taken
    if taken is None:
        return ""
    line = f"{job.order.display_name}: {taken.answered:,} of {job.order.rows:,} requests answered"
    odd = {
        "errors": taken.errors,
        "missing": taken.missing,
        "of no key of ours": taken.unknown,
        "doubled": taken.doubled,
        "with another row's word": taken.mixed_up,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in odd.items() if count)
    if job.ended and job.ended.message and not taken.answered:
        line += f" ({plain(job.ended.message, 300)})"
    return f"{line}, ${dollars(usd(taken.cost))}" + (f" ({told})" if told else "")


def is_under_way(run: Mapping[str, Any]) -> bool:
    """Whether a run, by its `run.json`, has left batch jobs to a later start."""
    return bool(run["status"] == RunStatus.UNDER_WAY)


def left_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """What a person is told who leaves jobs to a later start of the command, by its `run.json`."""
    jobs = [job for job in run.get("batch", {}).get("jobs", []) if job["state"] != "taken"]
    requests = sum(job["requests"] for job in jobs)
    held = sum((Decimal(job["held_usd"]) for job in jobs), Decimal())
    waiting = sum(job["state"] == "waits" for job in jobs)
    yield (
        f"{counted(len(jobs), 'batch job')} under way with {counted(requests, 'request')}, at most "
        f"${dollars(held)}. Run the same command again to collect what they bring: nothing is "
        "asked twice. Exit status 4."
    )
    if waiting:
        yield (
            f"{waiting} of them wait for room, for Google limits what may be enqueued at a time: "
            "the same command hands them in."
        )
