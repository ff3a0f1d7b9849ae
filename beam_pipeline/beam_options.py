"""Beam's own flags: checked, with a local runner that never goes looking for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
    WorkerOptions,
)

from beam_pipeline.command_line import unknown_flag
from beam_pipeline.options import RUN
from tierwise.errors import InputError

# Beam's DirectRunner may download another runner before it falls back to this one.
_LOCAL_RUNNER = "FnApiRunner"
_LOCAL_NAMES = {None, "DirectRunner", "direct", _LOCAL_RUNNER}


def beam_options(flags: Sequence[str]) -> PipelineOptions:
    """Pipeline options from the flags that are not ours.

    Raises:
        InputError: a flag that Beam does not know either, or a value it cannot read.
    """
    parsers: list[Any] = []
    try:
        PipelineOptions(list(flags)).get_all_options(add_extra_args_fn=parsers.append)
        unknown = parsers[0].parse_known_args(list(flags))[1]
    except SystemExit as error:
        raise InputError(f"Beam refuses one of: {' '.join(flags)}.") from error
    if unknown:
        raise InputError(unknown_flag(unknown[0], RUN))
    options = PipelineOptions(list(flags))
    if is_local(options):
        options.view_as(StandardOptions).runner = _LOCAL_RUNNER
    return options


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs on this machine, inside or below this process."""
    return options.view_as(StandardOptions).runner in _LOCAL_NAMES


def in_this_process(options: PipelineOptions) -> bool:
    """Whether the workers are threads of this process, whose running totals can be seen."""
    return is_local(options) and options.view_as(DirectOptions).direct_running_mode != (
        "multi_processing"
    )


def worker_processes(options: PipelineOptions) -> int:
    """How many processes share a limit of the whole job, as far as is known beforehand."""
    if in_this_process(options):
        return 1
    if is_local(options):
        return max(1, options.view_as(DirectOptions).direct_num_workers)
    workers = options.view_as(WorkerOptions)
    return max(1, workers.max_num_workers or workers.num_workers or 1)


def project(options: PipelineOptions) -> str:
    """Beam's `--project`, or nothing."""
    return options.view_as(GoogleCloudOptions).project or ""
