"""`tierwise run`: the job, from images to tables."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.request import urlopen

import apache_beam as beam
from rich.console import Console

from beam_pipeline.beam_options import (
    beam_options,
    in_this_process,
    project,
    worker_processes,
)
from beam_pipeline.command_line import Settings
from beam_pipeline.graph import Job, define_pipeline
from beam_pipeline.interruption import resumable
from beam_pipeline.launch import build_job, warnings_about
from beam_pipeline.progress import progress
from beam_pipeline.summary import print_summary
from gemini_api.emulator.config import EmulatorConfig
from gemini_api.emulator.embedded import running_emulator
from gemini_api.service import Kind
from storage.files import files_for, join
from tierwise.errors import InputError
from transforms.publish_run import RUN_FILE


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Run the job and return its exit status."""
    options = beam_options(beam_flags)
    job = build_job(settings, project=project(options), workers=worker_processes(options))
    console = Console(stderr=True)
    for warning in warnings_about(job.plan.tasks):
        console.print(f"[yellow]warning:[/] {warning}", highlight=False)
    with _endpoint(settings, job) as reachable, resumable(console):
        try:
            _run(reachable, options, console)
        except Exception as error:  # noqa: BLE001 - the outermost border: report it and say how to go on
            return _broken_off(error)
        run = _close(reachable)
    print_summary(run, reachable)
    return int(run["exit_status"])


def _run(job: Job, options: Any, console: Console) -> None:
    # A failing element is raised with its traceback; Beam would log it a second time.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    pipeline = beam.Pipeline(options=options)
    define_pipeline(pipeline, job)
    with progress(console, total=job.facts["files"], visible=in_this_process(options)):
        pipeline.run().wait_until_finish()


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
        exit_with_parent=True,
    )
    with running_emulator(config) as base_url:
        plan = replace(job.plan, service=replace(service, endpoint=base_url))
        yield replace(job, plan=plan)


def _close(job: Job) -> dict[str, Any]:
    """Read `run.json` back, and hold an emulator's bill against the account."""
    uri = join(job.output, RUN_FILE)
    files = files_for(uri)
    run: dict[str, Any] = json.loads(files.read(uri))
    if job.plan.service.kind is Kind.EMULATOR and "gemini_endpoint" not in run["flags"]:
        with urlopen(f"{job.plan.service.endpoint}/emulator/bill", timeout=10) as reply:  # noqa: S310 - our own address
            run["emulator_bill"] = json.load(reply)
        files.write(uri, (json.dumps(run, indent=2, ensure_ascii=False) + "\n").encode())
    return run


def _broken_off(error: BaseException) -> int:
    for cause in _causes(error):
        if isinstance(cause, InputError):
            raise InputError(str(cause).partition(" [while running")[0]) from error
    traceback.print_exception(error)
    print(
        "tierwise: the run broke off. Nothing that was paid is lost: "
        "run the same command again, and it goes on from here.",
        file=sys.stderr,
    )
    return 1


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
