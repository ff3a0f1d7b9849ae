"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from rich.console import Console

from tierwise.beam_pipeline.asked import tasks_of
from tierwise.beam_pipeline.carry_out import carry_out
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.hand_over import hand_over
from tierwise.beam_pipeline.own_emulator import reachable
from tierwise.beam_pipeline.prepared_job import prepared_job
from tierwise.beam_pipeline.run_file import read_run
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.dataflow import only_builds, submits_only
from tierwise.beam_pipeline.terminal.screen import print_document, screen
from tierwise.beam_pipeline.terminal.summary import print_end
from tierwise.beam_pipeline.with_forecast import with_forecast
from tierwise.beam_pipeline.with_page import with_page


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    console, results = Console(stderr=True), screen(json_wanted=settings.json)
    job = prepared_job(settings, tasks_of(settings), options, console)
    job = with_page(job, thumbnails=not settings.no_thumbnails)
    if only_builds(options) or submits_only(options):
        job = with_forecast(job, console, results)
        left = hand_over(job, options, console)
        if left is not None:
            print_end(left, job.output, results)
        if settings.json:
            print_document(left or job.facts)
        return int(left["exit_status"]) if left else 0
    with reachable(settings, job) as asked:
        job = with_forecast(asked, console, results)
        run = carry_out(job, options, console)
    if run is not None:
        print_end(run, job.output, results)
    if settings.json:
        print_document(run or read_run(job))
    return int(run["exit_status"]) if run else 1
