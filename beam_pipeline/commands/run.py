"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from beam_pipeline.beam_options import beam_options, project
from beam_pipeline.calibrated import calibrated_versions, tasks_to_ask
from beam_pipeline.carry_out import carry_out, reachable, with_forecast
from beam_pipeline.command_line import Settings
from beam_pipeline.dataflow import only_builds, submits_only
from beam_pipeline.hand_over import hand_over
from beam_pipeline.launch import build_job
from beam_pipeline.reach import check_names, check_reachable
from beam_pipeline.run_file import read_run
from beam_pipeline.screen import print_document, say, screen, warn
from beam_pipeline.summary import print_summary
from beam_pipeline.with_page import with_page
from beam_pipeline.workers import known_sharers
from storage.files import join


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    check_reachable(settings, options)
    console, results = Console(stderr=True), screen(json_wanted=settings.json)
    tasks, warnings = tasks_to_ask(settings)
    for warning in warnings:
        warn(console, warning)
    job = build_job(settings, tasks, project=project(options), workers=known_sharers(options))
    check_names(job.found, options)
    if versions := calibrated_versions(settings.calibration):
        job = replace(job, facts={**job.facts, "calibrated_versions": versions})
    job = with_page(job, thumbnails=not settings.no_thumbnails)
    if only_builds(options) or submits_only(options):
        job = with_forecast(job, console, results)
        hand_over(job, options, console)
        if settings.json:
            print_document(job.facts)
        return 0
    with reachable(settings, job) as asked:
        job = with_forecast(asked, console, results)
        run = carry_out(job, options, console)
    if run is not None:
        print_summary(run, job, results)
        if run["page"]:
            say(results, f"Page: {join(job.output, run['page'])}")
        else:
            say(
                results,
                f"The page could not be made: {run['page_problem']}. See tierwise report.",
            )
    if settings.json:
        print_document(run or read_run(job))
    return int(run["exit_status"]) if run else 1
