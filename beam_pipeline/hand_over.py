"""A job that is built here and run by others: `--template_location`, and `--dry_run`.

Google's launcher of Flex Templates calls this program with `--template_location`, reads the job
from there, and submits it after this process has ended. So the lease is the workers' to keep, and
the job's last step publishes the tables and ends it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from rich.console import Console

from tierwise.accounts.table_names import RUN_FILE
from tierwise.batches.watch import End
from tierwise.beam_pipeline.batch_rounds import Rounds
from tierwise.beam_pipeline.carry_out import warn_about
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Job, handed_over
from tierwise.beam_pipeline.lease_keeper import take_job, taken_over_warning
from tierwise.beam_pipeline.run_file import break_off, leave_under_way, open_run
from tierwise.beam_pipeline.run_pipeline import new_pipeline
from tierwise.beam_pipeline.runners.dataflow import is_dataflow, only_builds
from tierwise.beam_pipeline.terminal.screen import warn
from tierwise.errors import LeaseLostError
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease
from tierwise.storage.files import join


def hand_over(job: Job, options: PipelineOptions, console: Console) -> dict[str, Any] | None:
    """Build the job, and leave it where a launcher looks for it.

    With `--dry_run` nothing is left: the job is built, and forgotten. Batch jobs that have ended
    are collected first; while others are under way nothing is built, and `run.json` comes back.

    Raises:
        InputError: another run is going on, or Beam refuses its options.
    """
    warn_about(job, options, console)
    if only_builds(options):
        record = new_record(job.plan.journal.run_id, untraced_requests=0, journal_version=VERSION)
        _build(handed_over(job, Lease(job.plan.journal.runs, 0, record)), options)
        console.print("Dry run: the job can be built. Nothing was submitted.", highlight=False)
        return None
    lease, job = take_job(job, options)
    if told := taken_over_warning(job):
        warn(console, told)
    try:
        open_run(job)
        rounds = Rounds(replace(job, hands_in=True), console)
        if rounds.watch(wait_s=0.0) is End.LEFT:
            return leave_under_way(job, lease)
        _build(rounds.next_pass, options)
    except BaseException:
        with suppress(LeaseLostError):
            break_off(job)
        lease.end(untraced_requests=0)
        raise
    template = options.view_as(GoogleCloudOptions).template_location
    console.print(
        f"The job is in {template}; it begins when a launcher submits it. When it is done, "
        f"{join(job.output, RUN_FILE)} says how it ended.",
        highlight=False,
        soft_wrap=True,
    )
    return None


def _build(job: Job, options: PipelineOptions) -> None:
    pipeline: beam.Pipeline = new_pipeline(options)
    define_pipeline(pipeline, job)
    if is_dataflow(options):  # others would run it
        pipeline.run()
