"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from dataclasses import replace

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
    run = carry_out(_with_forecast(job), settings, options, console)
    if run is None:
        return 1
    print_summary(run, job)
    return int(run["exit_status"])


def _with_forecast(job: Job) -> Job:
    """The job with its forecast among its facts, unless the run will refuse its journal."""
    tasks, service = job.plan.tasks, job.plan.service
    try:
        survey = survey_of(job.found, tasks, job.output, _SAMPLE)
    except JournalError:
        return job
    row = forecast_row(forecast_of(job.found, tasks, service, survey, unknowns=()))
    Console(highlight=False).print(forecast_line(row))
    return replace(job, facts={**job.facts, "forecast": row})
