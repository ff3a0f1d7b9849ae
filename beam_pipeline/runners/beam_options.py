"""Beam's own flags: checked, with a local runner that never goes looking for another."""

from __future__ import annotations

import argparse
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any, TypeVar

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.runner import create_runner

from tierwise.beam_pipeline.flags.command_line import unknown_flag
from tierwise.beam_pipeline.flags.flag import RUN
from tierwise.beam_pipeline.runners.dataflow import is_dataflow, prepare, runner_name
from tierwise.beam_pipeline.runners.engine_checks import check_engine
from tierwise.beam_pipeline.runners.whole_elements import send_whole_elements
from tierwise.errors import InputError

_View = TypeVar("_View", bound=PipelineOptions)

# Beam's DirectRunner may download another runner before it falls back to this one.
_LOCAL_RUNNER = "FnApiRunner"
_LOCAL_NAMES = {"", "direct", "switchingdirect", "fnapi"}


class _Options(PipelineOptions):
    """Options whose views are made once.

    Beam asks for the same view at each step of a graph, some five hundred times for a run, and
    each time it would build and run an argument parser: a third of what a small run costs.
    """

    def view_as(self, cls: type[_View]) -> _View:
        views = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        found: _View = views[cls]
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_views"}


def beam_options(flags: Sequence[str], verb: str = RUN) -> PipelineOptions:
    """Pipeline options from the flags that are not ours; `verb` is named when one is unknown.

    Raises:
        InputError: a flag or a runner that Beam does not know either, a value it cannot read, or
            an engine that is not there.
    """
    unknown = _unknown_to_beam(list(flags))
    if unknown:
        raise InputError(unknown_flag(unknown[0], verb))
    options = _Options(list(flags))
    if is_local(options):
        options.view_as(StandardOptions).runner = _LOCAL_RUNNER
        send_whole_elements(options)
    elif is_dataflow(options):
        prepare(options)
    _check_runner(options)
    check_engine(options)
    return options


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs on this machine, inside or below this process."""
    return runner_name(options) in _LOCAL_NAMES


def _unknown_to_beam(flags: list[str]) -> list[str]:
    parsers: list[argparse.ArgumentParser] = []
    said = io.StringIO()
    try:
        # Beam would print its hundred flags, and log those that it does not know.
        with redirect_stderr(said), _quiet():
            PipelineOptions(flags).get_all_options(add_extra_args_fn=parsers.append)
            return parsers[0].parse_known_args(flags)[1]
    except SystemExit as error:
        reason = said.getvalue().strip().rpartition("error: ")[2] or " ".join(flags)
        raise InputError(f"Beam refuses its flags: {reason}.") from error


def _check_runner(options: PipelineOptions) -> None:
    name = options.view_as(StandardOptions).runner
    try:
        create_runner(name)
    except (ValueError, ImportError, AttributeError) as error:
        raise InputError(f"--runner={name}: cannot be used: {error}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    log = logging.getLogger("apache_beam")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def project(options: PipelineOptions) -> str:
    """Beam's `--project`, or nothing."""
    return options.view_as(GoogleCloudOptions).project or ""


def temp_location(options: PipelineOptions) -> str:
    """Beam's `--temp_location`, or nothing."""
    return options.view_as(GoogleCloudOptions).temp_location or ""
