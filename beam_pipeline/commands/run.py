"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.text import Text

from beam_pipeline.beam_options import beam_options, project, worker_processes
from beam_pipeline.calibrated import tasks_to_ask
from beam_pipeline.carry_out import carry_out, check_reachable
from beam_pipeline.command_line import Settings
from beam_pipeline.forecast_tables import forecast_line
from beam_pipeline.forecasting import forecast_of, survey_of
from beam_pipeline.graph import Job
from beam_pipeline.launch import build_job
from beam_pipeline.summary import print_summary
from tierwise.errors import JournalError
from tierwise.forecast.forecast import forecast_row

# Few enough that a run starts at once.
_SAMPLE = 200


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    check_reachable(settings, options)
    console = Console(stderr=True)
    tasks, warnings = tasks_to_ask(settings)
    for warning in warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)
    job = build_job(settings, tasks, project=project(options), workers=worker_processes(options))
    if row := forecast_of_job(job):
        Console(highlight=False).print(forecast_line(row))
        job = replace(job, facts={**job.facts, "forecast": row})
    run = carry_out(job, settings, options, console)
    if run is None:
        return 1
    print_summary(run, job)
    return int(run["exit_status"])


def forecast_of_job(job: Job) -> dict[str, Any] | None:
    """What the job will cost, or None where the journal cannot be read, which the run will say."""
    tasks, service = job.plan.tasks, job.plan.service
    try:
        survey = survey_of(job.found, tasks, job.output, _SAMPLE)
    except JournalError:
        return None
    return forecast_row(forecast_of(job.found, tasks, service, survey, unknowns=()))
