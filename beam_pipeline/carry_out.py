"""Carries a job out, from its warnings to the `run.json` that it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.request import urlopen

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from beam_pipeline.asked import warnings_about
from beam_pipeline.beam_options import is_local
from beam_pipeline.command_line import Settings
from beam_pipeline.graph import Job, define_pipeline
from beam_pipeline.interruption import resumable
from beam_pipeline.launch import warnings_about_groups
from beam_pipeline.run_file import break_off, complete_run, open_run, read_run
from beam_pipeline.run_pipeline import run_pipeline
from gemini_api.emulator.config import EmulatorConfig
from gemini_api.emulator.embedded import running_emulator
from gemini_api.service import Kind
from tierwise.errors import InputError


def check_reachable(settings: Settings, options: PipelineOptions) -> None:
    """Refuse to let workers elsewhere ask an emulator that lives in this process."""
    if settings.gemini == Kind.EMULATOR and not (settings.gemini_endpoint or is_local(options)):
        raise InputError(
            "--gemini=emulator: workers elsewhere cannot reach an emulator on this machine. "
            "Give --gemini=developer, --gemini=vertex or --gemini_endpoint."
        )


def carry_out(
    job: Job, settings: Settings, options: PipelineOptions, console: Console
) -> dict[str, Any] | None:
    """Ask everything; returns `run.json`, or None when the run broke off, which has been said."""
    for warning in (*warnings_about(job.plan.tasks), *warnings_about_groups(job)):
        console.print(f"[yellow]warning:[/] {warning}", highlight=False)
    with _endpoint(settings, job) as reachable, resumable(console, lambda: break_off(job)):
        files = job.facts["files"]
        open_run(job)
        if not run_pipeline(
            lambda root: define_pipeline(root, reachable),
            options,
            console,
            verb="asking",
            files=files,
        ):
            break_off(job)
            return None
        return _close(reachable)


@contextmanager
def _endpoint(settings: Settings, job: Job) -> Iterator[Job]:
    """The job, pointed at an emulator of its own when it has no other place to ask."""
    service = job.plan.service
    if service.kind is not Kind.EMULATOR or service.endpoint:
        yield job
        return
    config = EmulatorConfig(
        latency_ms=settings.emulator_latency_ms,
        faults=settings.emulator_faults or "",
        knows=settings.emulator_knows or "",
        prices=settings.prices or "",
        exit_with_parent=True,
    )
    with running_emulator(config) as base_url:
        plan = replace(job.plan, service=replace(service, endpoint=base_url))
        yield replace(job, plan=plan)


def _close(job: Job) -> dict[str, Any]:
    """Read `run.json` back, and hold an emulator's bill against the account."""
    run = read_run(job)
    if job.plan.service.kind is Kind.EMULATOR and "gemini_endpoint" not in run["flags"]:
        with urlopen(f"{job.plan.service.endpoint}/emulator/bill", timeout=10) as reply:  # noqa: S310 - our own address
            run = complete_run(job, emulator_bill=json.load(reply))
    return run
