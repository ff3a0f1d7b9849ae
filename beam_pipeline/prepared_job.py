"""From flags to a job that may begin: what every door passes through."""

from __future__ import annotations

from datetime import UTC, datetime

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.launch import job_of_tasks
from tierwise.beam_pipeline.runners.beam_options import project, temp_location
from tierwise.beam_pipeline.runners.reach import check_names, check_reachable
from tierwise.beam_pipeline.runners.workers import known_sharers
from tierwise.beam_pipeline.terminal.screen import warn
from tierwise.storage.listing import Input
from tierwise.tasks import Tasks


def prepared_job(
    settings: Settings,
    tasks: Tasks,
    options: PipelineOptions,
    console: Console,
    *,
    found: Input | None = None,
    files: int | None = None,
) -> Job:
    """The job of these flags; what is wrong with them is refused, what is doubtful is told.

    Args:
        settings: the flags of `run`.
        tasks: what is asked.
        options: Beam's.
        console: for warnings.
        found: images that others list; None for those of `--input`.
        files: how many those are.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    check_reachable(settings, options)
    job, warnings = job_of_tasks(
        settings,
        tasks,
        project=project(options),
        now=datetime.now(UTC),
        workers=known_sharers(options),
        temp_location=temp_location(options),
        found=found,
        files=files,
    )
    check_names(job.found, options)
    for warning in warnings:
        warn(console, warning)
    return job
