"""Carries a job out, from its warnings to the `run.json` that it leaves."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.request import urlopen

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.accounts.ending import Status
from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.batch_rounds import run_in_rounds
from tierwise.beam_pipeline.function_call import function_call
from tierwise.beam_pipeline.inquiry import warnings_about
from tierwise.beam_pipeline.interruption import leave_to_another, resumable
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.kept_lease import kept
from tierwise.beam_pipeline.launch import warnings_about_columns, warnings_about_groups
from tierwise.beam_pipeline.lease_keeper import take_job, taken_over_warning
from tierwise.beam_pipeline.own_caches import clear_orphans, clear_own, clear_own_at_once
from tierwise.beam_pipeline.run_file import (
    break_off,
    complete_run,
    leave_under_way,
    open_run,
    read_run,
)
from tierwise.beam_pipeline.run_pipeline import PipelineEnd
from tierwise.beam_pipeline.runners.reach import warnings_about_regions
from tierwise.beam_pipeline.runners.workers import in_this_process
from tierwise.beam_pipeline.terminal.screen import warn
from tierwise.errors import InputError, LeaseLostError
from tierwise.journal.run_records import Lease

_GOES_ON = (
    "The job goes on without this command. Look at, or cancel, it on its runner's page; run.json "
    "says when it is done."
)


_JOBS_GO_ON = (
    "Batch jobs that were handed in go on at Google. Run the same command again to collect what "
    "they bring: nothing is asked twice."
)


def carry_out(job: Job, options: PipelineOptions, console: Console) -> dict[str, Any] | None:
    """Ask everything; returns `run.json`, or None when the run broke off, which has been said.

    The job's endpoint must answer: see `reachable`. Ctrl-C ends the process where it is a
    command's, and is raised in a function call.
    """
    command = function_call() is None
    warn_about(job, options, console)
    lease, job = take_job(job, options)
    if told := taken_over_warning(job):
        warn(console, told)
    ending = _Ending(job, lease, in_this_process(options))
    goes_on = _GOES_ON if job.lease else _JOBS_GO_ON if job.batches else ""
    with resumable(console, ending.interrupted, goes_on, ends_process=command):
        try:
            open_run(job)
            clear_orphans(job)
            leave = partial(leave_to_another, console, lease=lease, ends_process=command)
            with kept(lease, leave):
                ended = run_in_rounds(job, options, console)
        except InputError:
            ending.clear_caches()
            ending.leave(Status.REFUSED)
            raise
        if ended is not PipelineEnd.OUT_OF_SIGHT:  # else workers may still name them
            clear_own(job)
        if ended is PipelineEnd.DONE:
            return ending.done()
        if ended is PipelineEnd.UNDER_WAY:
            return leave_under_way(job, lease)
        if ended is PipelineEnd.BROKE_OFF:
            ending.leave(Status.BROKE_OFF)
        return None


def warn_about(job: Job, options: PipelineOptions, console: Console) -> None:
    """Say what a person should know before money is spent."""
    models = warnings_about(job.plan.questions, job.plan.service, job.on, job.found)
    regions = warnings_about_regions(job, options)
    for warning in (*models, *warnings_about_groups(job), *warnings_about_columns(job), *regions):
        warn(console, warning)
    if job.plan.order_by and job.cap is None:
        warn(console, f"--order_by={job.plan.order_by}: without --max_cost_usd all are asked.")


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a run leaves behind, however it ends; a job with a lease of its own says so itself."""

    job: Job
    lease: Lease
    in_this_process: bool

    def done(self) -> dict[str, Any]:
        """Read `run.json` back, hold an emulator's bill against it, and give the lease back."""
        job, run = self.job, read_run(self.job)
        if job.plan.service.kind is ServiceKind.EMULATOR and "gemini_endpoint" not in run["flags"]:
            with urlopen(f"{job.plan.service.endpoint}/emulator/bill", timeout=10) as reply:  # noqa: S310 - our own address
                run = complete_run(job, emulator_bill=json.load(reply))
        self.lease.end(untraced_requests=0)
        return run

    def interrupted(self, at_rest: bool) -> None:
        """End a run of which no request was given up in this process, if it was at rest."""
        if not self.job.lease:
            self.clear_caches()
            self.leave(Status.BROKE_OFF, at_rest=at_rest and self.in_this_process)

    def clear_caches(self) -> None:
        """Delete this run's caches, unless other processes may go on naming them."""
        if self.in_this_process:
            clear_own_at_once(self.job)

    def leave(self, status: Status, *, at_rest: bool = False) -> None:
        """Say how the run ended, and give the lease back."""
        with suppress(OSError, LeaseLostError):  # run.json may be another run's by now
            break_off(self.job, status)
        with suppress(OSError):  # on a full disk it remains to say how to go on
            untraced = 0 if at_rest else self.lease.untraced_requests()
            self.lease.end(untraced_requests=untraced, stopped=True)
