"""Asks every image of a manifest at every route that is tried, as one ordinary run."""

from __future__ import annotations

from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.beam_pipeline.carry_out import carry_out, reachable, with_forecast
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.launch import build_job
from tierwise.beam_pipeline.runners.beam_options import project
from tierwise.beam_pipeline.runners.workers import known_sharers
from tierwise.beam_pipeline.terminal.screen import screen
from tierwise.tasks import Tasks

# The manifest has no column to tell costs apart by; a shared answer says nothing of its own image.
_WITHOUT = {"cost_by": None, "near_duplicates": None}


def ask_trials(
    tasks: Tasks,
    manifest: str,
    settings: Settings,
    options: PipelineOptions,
    console: Console,
) -> dict[str, Any] | None:
    """`run.json` of the run, or None when it broke off, which has been said.

    Args:
        tasks: those of `Trials.tasks`.
        manifest: the images, in the output folder.
        settings: the flags of `calibrate` or `measure`.
        options: Beam's.
        console: for warnings and progress.
    """
    asked = Settings(**{**vars(settings), "input": manifest, **_WITHOUT})
    job = build_job(asked, tasks, project=project(options), workers=known_sharers(options))
    results = screen(json_wanted=settings.json)
    with reachable(settings, job) as asked_job:
        return carry_out(with_forecast(asked_job, console, results), options, console)
