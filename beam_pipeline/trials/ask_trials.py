"""Asks every image of a manifest at every route that is tried, as one ordinary run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.beam_pipeline.carry_out import carry_out
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.inquiry import inquiry_of
from tierwise.beam_pipeline.launch import build_job
from tierwise.beam_pipeline.own_emulator import reachable
from tierwise.beam_pipeline.runners.beam_options import project, temp_location
from tierwise.beam_pipeline.runners.workers import known_sharers
from tierwise.beam_pipeline.terminal.screen import screen
from tierwise.beam_pipeline.with_forecast import with_forecast
from tierwise.prices.price_day import price_day
from tierwise.questions import Questions

# The manifest has no column to tell costs apart by; a shared answer says nothing of its own image.
_WITHOUT = dict.fromkeys(
    (
        *("cost_by", "order_by", "near_duplicates", "calibration", "column_names", "first"),
        *("corrections", "counts_by", "finish_by", "labels", "local", "embedder", "only_new"),
        "rehash",
    )
)
# What `measure`, which asks nothing in batch, has no flags for.
_AT_ONCE = {
    **dict.fromkeys(("batch_wait", "batch_deadline", "batch_fallback")),
    "batch_echo": "sample",
    "usage_tier": 1,
}


def ask_trials(
    questions: Questions,
    manifest: str,
    settings: Settings,
    options: PipelineOptions,
    console: Console,
    *,
    now: datetime,
) -> dict[str, Any] | None:
    """`run.json` of the run, or None when it broke off, which has been said.

    Args:
        questions: those of `Trials`.
        manifest: the images, in the output folder.
        settings: the flags of `calibrate` or `measure`.
        options: Beam's.
        console: for warnings and progress.
        now: when it begins.
    """
    asked = Settings(**{**_AT_ONCE, **vars(settings), "input": manifest, **_WITHOUT})
    inquiry = inquiry_of(
        asked,
        questions,
        project=project(options),
        on=price_day(now),
        temp_location=temp_location(options),
    )
    job = build_job(asked, inquiry, now=now, workers=known_sharers(options))
    results = screen(json_wanted=settings.json)
    with reachable(settings, job) as asked_job:
        return carry_out(with_forecast(asked_job, console, results), options, console)
