"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from beam_pipeline.beam_options import beam_options, project
from beam_pipeline.calibrated import tasks_to_ask
from beam_pipeline.carry_out import carry_out, check_reachable, with_forecast
from beam_pipeline.command_line import Settings
from beam_pipeline.launch import build_job
from beam_pipeline.plain_text import plain
from beam_pipeline.summary import print_summary
from beam_pipeline.with_page import with_page
from beam_pipeline.workers import worker_processes
from storage.files import join


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    check_reachable(settings, options)
    console = Console(stderr=True)
    tasks, warnings = tasks_to_ask(settings)
    for warning in warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)
    job = build_job(settings, tasks, project=project(options), workers=worker_processes(options))
    job = with_page(job, thumbnails=not settings.no_thumbnails)
    run = carry_out(with_forecast(job), settings, options, console)
    if run is None:
        return 1
    print_summary(run, job)
    if run["page"]:
        print(f"Page: {join(job.output, run['page'])}")
    else:
        print(plain(f"The page could not be made: {run['page_problem']}. See tierwise report."))
    return int(run["exit_status"])
