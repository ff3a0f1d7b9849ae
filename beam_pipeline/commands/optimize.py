"""`tierwise optimize`: only shrink the images, and measure what that saves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.accounts.ending import REMEMBERED
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.flag import OPTIMIZE
from tierwise.beam_pipeline.given_input import input_of
from tierwise.beam_pipeline.interruption import leave_to_another, resumable
from tierwise.beam_pipeline.kept_lease import kept
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.reach import check_files, check_waits
from tierwise.beam_pipeline.runners.workers import on_this_machine, one_thread_of_this_process
from tierwise.beam_pipeline.shrink_graph import ShrinkJob, define_shrink_pipeline
from tierwise.beam_pipeline.shrink_lease import take_output
from tierwise.beam_pipeline.shrink_settings import image_settings
from tierwise.beam_pipeline.terminal.screen import print_document, screen
from tierwise.beam_pipeline.terminal.shrink_summary import print_shrink_summary
from tierwise.beam_pipeline.writable import writable
from tierwise.errors import InputError
from tierwise.images.limits import Limits
from tierwise.journal.run_id import new_run_id
from tierwise.journal.run_records import Lease
from tierwise.json_text import read_json_text
from tierwise.models import find_model
from tierwise.prices.price_day import price_day
from tierwise.publishing.written_before import LEASES, TOTALS_FILE
from tierwise.records import STORE_REASONS, MediaResolution
from tierwise.scheduling.shrinkers import shrinkers_for
from tierwise.skipped_files import unlisted_folders
from tierwise.storage.files import files_for, join
from tierwise.storage.overlap import count_apart
from tierwise.version import VERSION


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Shrink everything and return the exit status."""
    options = beam_options(beam_flags, OPTIMIZE)
    check_waits(options, OPTIMIZE)
    check_files(settings, options)
    job = _job(settings, datetime.now(UTC))
    if one_thread_of_this_process(options):
        job = replace(job, shrinkers=shrinkers_for(job.facts["files"], asking=False))
    ended = _shrunk(job, options, Console(stderr=True), take_over=settings.take_over)
    if ended is not PipelineEnd.DONE:
        return 1
    uri = join(job.output, TOTALS_FILE)
    totals: dict[str, Any] = read_json_text(files_for(uri).read(uri))
    print_shrink_summary(totals, job, screen(json_wanted=settings.json))
    if settings.json:
        print_document(totals)
    away = STORE_REASONS & totals["failures"].keys() or totals.get(REMEMBERED)
    return 3 if away or unlisted_folders(totals) else 0


def _shrunk(
    job: ShrinkJob, options: PipelineOptions, console: Console, *, take_over: bool
) -> PipelineEnd:
    """Do the job, while nobody else may write into its output."""
    here = on_this_machine(options)
    lease = take_output(job.output, job.run_id, options, take_over=take_over)
    job = replace(job, again=lease.number > 1 or _holds_files(job.output), lease=lease)
    leave = partial(leave_to_another, console, lease=lease, ends_process=True)
    # Where workers may go on without this process, the output is free when they are silent.
    with resumable(console, lambda _: _give_back(lease) if here else None):
        try:
            with kept(lease, leave):
                ended = run_pipeline(
                    lambda root: define_shrink_pipeline(root, job),
                    options,
                    console,
                    verb="shrinking",
                    files=job.facts["files"],
                )
        except InputError:
            _give_back(lease)
            raise
        if ended is not PipelineEnd.OUT_OF_SIGHT:
            _give_back(lease)
        return ended


def _holds_files(output: str) -> bool:
    """Whether an earlier run may have left anything; asked by whoever holds the lease."""
    leases = join(output, LEASES, "")
    return any(not one.uri.startswith(leases) for one in files_for(output).walk(output))


def _give_back(lease: Lease) -> None:
    with suppress(OSError):  # the next run sees that this process is gone
        lease.release()


def _job(settings: Settings, now: datetime) -> ShrinkJob:
    model = find_model(settings.model)
    found = input_of(settings)
    files = count_apart(found, settings.output)
    run_id = new_run_id(now)
    facts = {
        "tierwise": VERSION,
        "run_id": run_id,
        "flags": {name: value for name, value in vars(settings).items() if value is not None},
        "files": files,
    }
    return ShrinkJob(
        found=found,
        output=writable(settings.output),
        settings=image_settings(
            settings.profile, settings.max_side, settings.quality, settings.format
        ),
        limits=Limits(pages=settings.max_pages, accept_truncated=settings.accept_truncated),
        run_id=run_id,
        model=model.name,
        media_resolution=MediaResolution.HIGH,
        facts=facts,
        on=price_day(now),
    )
