"""Carries a job out, from its warnings to the `run.json` that it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.request import urlopen

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.accounts.ending import Status
from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.inquiry import warnings_about
from tierwise.beam_pipeline.interruption import leave_to_another, resumable
from tierwise.beam_pipeline.job import Job, handed_over
from tierwise.beam_pipeline.launch import answered_at, unwritable, warnings_about_groups
from tierwise.beam_pipeline.lease_keeper import begin, kept
from tierwise.beam_pipeline.run_file import break_off, complete_run, open_run, read_run
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.reach import warnings_about_regions
from tierwise.beam_pipeline.runners.workers import (
    in_this_process,
    on_this_machine,
    worker_processes,
)
from tierwise.beam_pipeline.terminal.forecast_tables import forecast_line, no_images
from tierwise.beam_pipeline.terminal.screen import say, warn
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.errors import InputError, JournalError, LeaseLostError
from tierwise.forecast.forecast import forecast_row
from tierwise.gemini.who_answers import emulator_at
from tierwise.journal.left_under_way import named_under_way, untraced
from tierwise.journal.run_records import Lease, check_lease
from tierwise.scheduling.worst_cases import dearest_request
from tierwise.surveying.forecasting import forecast_of, survey_of

_GOES_ON = (
    "The job goes on without this command. Look at, or cancel, it on its runner's page; run.json "
    "says when it is done."
)
# Few enough that a run starts at once.
_SAMPLE = 200


def carry_out(job: Job, options: PipelineOptions, console: Console) -> dict[str, Any] | None:
    """Ask everything; returns `run.json`, or None when the run broke off, which has been said.

    The job's endpoint must answer: see `reachable`.
    """
    warn_about(job, options, console)
    lease, job = take_job(job, options)
    goes_on = _GOES_ON if job.lease else ""

    def leave(status: Status, *, at_rest: bool = False) -> None:
        with suppress(OSError, LeaseLostError):  # run.json may be another run's by now
            check_lease(lease.folder, lease.record.run_id)
            break_off(job, status)
        with suppress(OSError):  # on a full disk it remains to say how to go on
            lease.end(untraced_requests=0 if at_rest else lease.untraced_requests())

    def interrupted(at_rest: bool) -> None:
        leave(Status.BROKE_OFF, at_rest=at_rest and in_this_process(options))

    leaving = _nothing_to_do if job.lease else interrupted
    with resumable(console, leaving, goes_on):
        try:
            with kept(lease, lambda error: leave_to_another(console, error)):
                ended = _run(job, options, console)
        except InputError:
            leave(Status.REFUSED)
            raise
        if ended is PipelineEnd.BROKE_OFF:
            leave(Status.BROKE_OFF)
        if ended is not PipelineEnd.DONE:
            return None
        run = _close(job)
        lease.end(untraced_requests=0)
    return run


def warn_about(job: Job, options: PipelineOptions, console: Console) -> None:
    """Say what a person should know before money is spent."""
    plan = job.plan
    models = warnings_about(plan.questions, plan.service, job.on)
    regions = warnings_about_regions(job, options)
    for warning in (*models, *warnings_about_groups(job), *regions):
        warn(console, warning)


def take_job(job: Job, options: PipelineOptions) -> tuple[Lease, Job]:
    """Take the lease of a job's output; the job that comes back knows who keeps it.

    Raises:
        InputError: another run is going on, or the output cannot be written.
    """
    here = on_this_machine(options)
    lease = begin(job, workers=worker_processes(options), handed_over=not here)
    job = with_untraced(job, lease)
    if here:
        job = replace(job, plan=replace(job.plan, launcher=lease.record.process))
    return lease, job if here else handed_over(job, lease)


def _nothing_to_do(at_rest: bool) -> None:
    """The job goes on, and says itself how it ends."""
    del at_rest


def with_untraced(job: Job, lease: Lease) -> Job:
    """The job that knows what earlier runs may have paid for requests left under way."""
    dearest = dearest_request(job.plan, job.on)
    counts = job.plan.journal.reading.counts
    runs = lease.earlier_runs()
    facts = {**job.facts, "left_under_way": named_under_way(runs, counts)}
    return replace(job, facts=facts, untraced=untraced(runs, dearest, counts))


def _run(job: Job, options: PipelineOptions, console: Console) -> PipelineEnd:
    try:
        open_run(job)
    except OSError as error:
        raise unwritable(job.output, error) from error
    return run_pipeline(
        lambda root: define_pipeline(root, job),
        options,
        console,
        verb="asking",
        files=job.facts["files"],
    )


@contextmanager
def reachable(settings: Settings, job: Job) -> Iterator[Job]:
    """The job, pointed at an emulator of its own when it has no other place to ask.

    Raises:
        InputError: the emulator's files cannot be used; so nothing should be told before.
    """
    service = job.plan.service
    if service.kind is not ServiceKind.EMULATOR or service.endpoint:
        yield job
        return
    config = EmulatorConfig(
        latency_ms=settings.emulator_latency_ms,
        faults=settings.emulator_faults or "",
        knows=settings.emulator_knows or "",
        prices=settings.prices or "",
        exit_with_parent=True,
    )
    with running_emulator(config) as base_url:
        yield answered_at(job, base_url, emulator_at(base_url))


def _close(job: Job) -> dict[str, Any]:
    """Read `run.json` back, and hold an emulator's bill against the account."""
    run = read_run(job)
    if job.plan.service.kind is ServiceKind.EMULATOR and "gemini_endpoint" not in run["flags"]:
        with urlopen(f"{job.plan.service.endpoint}/emulator/bill", timeout=10) as reply:  # noqa: S310 - our own address
            run = complete_run(job, emulator_bill=json.load(reply))
    return run


def with_forecast(job: Job, console: Console, results: Console) -> Job:
    """The job with its forecast among its facts, unless the run will refuse its journal.

    The forecast is printed to `results`, a warning to `console`.
    """
    questions, service = job.plan.questions, job.plan.service
    try:
        reading = job.plan.journal.reading
        survey = survey_of(job.found, questions, job.output, _SAMPLE, reading)
    except JournalError:
        return job
    if warnings := no_images(survey, job.found.uri):
        warn(console, warnings[0])
        return job
    row = forecast_row(forecast_of(questions, service, survey, job.on, unknowns=()))
    say(results, forecast_line(row))
    return replace(job, facts={**job.facts, "forecast": row})
