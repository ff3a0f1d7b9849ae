"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from rich.console import Console

from beam_pipeline.asked import tasks_of
from beam_pipeline.beam_options import beam_options, project, worker_processes
from beam_pipeline.carry_out import carry_out, check_reachable
from beam_pipeline.command_line import Settings
from beam_pipeline.launch import build_job
from beam_pipeline.summary import print_summary


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    check_reachable(settings, options)
    job = build_job(
        settings, tasks_of(settings), project=project(options), workers=worker_processes(options)
    )
    run = carry_out(job, settings, options, Console(stderr=True))
    if run is None:
        return 1
    print_summary(run, job)
    return int(run["exit_status"])
