"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from beam_pipeline.asked import tasks_of
from beam_pipeline.beam_options import beam_options, project, worker_processes
from beam_pipeline.calibrated import with_calibration
from beam_pipeline.carry_out import carry_out, check_reachable
from beam_pipeline.command_line import Settings
from beam_pipeline.launch import build_job, emulated
from beam_pipeline.summary import print_summary
from gemini_api.service import Kind
from tierwise.tasks import Tasks


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    check_reachable(settings, options)
    console = Console(stderr=True)
    job = build_job(
        settings,
        _tasks(settings, console),
        project=project(options),
        workers=worker_processes(options),
    )
    run = carry_out(job, settings, options, console)
    if run is None:
        return 1
    print_summary(run, job)
    return int(run["exit_status"])


def _tasks(settings: Settings, console: Console) -> Tasks:
    tasks, warnings = with_calibration(
        tasks_of(settings),
        settings.calibration,
        emulated=emulated(Kind(settings.gemini), settings.gemini_endpoint or ""),
        on_stale=settings.on_stale,
    )
    for warning in warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)
    return tasks
