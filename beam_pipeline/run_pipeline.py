"""Runs a graph in the terminal: quiet logs, a progress bar, errors that say how to go on."""

from __future__ import annotations

import errno
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from enum import Enum
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState
from rich.console import Console

from tierwise import errors
from tierwise.beam_pipeline.function_call import function_call
from tierwise.beam_pipeline.runners.in_notebooks import without_interactive_beam
from tierwise.beam_pipeline.runners.memory import give_back_large_buffers
from tierwise.beam_pipeline.runners.quiet import quieten
from tierwise.beam_pipeline.runners.workers import in_this_process, on_this_machine
from tierwise.beam_pipeline.temporary_folder import temporary_folder
from tierwise.beam_pipeline.terminal.progress import progress
from tierwise.errors import InputError, TierwiseError
from tierwise.scheduling.running import close_run, interrupt_run
from tierwise.storage.patience import judge_stores_anew

# How long a run that breaks off waits for the answers that are under way.
_GRACE_S = 10.0
_LOST_SIGHT = (
    "the job could not be watched any more, and may go on without this command: look at its "
    "runner's page. When it is done, run.json says so; when it is not, run the same command again."
)
_IN_TRACEBACK = re.compile(rf"^{re.escape(errors.__name__)}\.(?P<kind>\w+): (?P<message>.*)", re.M)


class PipelineEnd(Enum):
    """How a pipeline ended, as far as its launcher saw; UNDER_WAY is for its batch jobs."""

    DONE = "done"
    BROKE_OFF = "broke off"
    OUT_OF_SIGHT = "out of sight"
    UNDER_WAY = "under way"


def run_pipeline(
    define: Callable[[beam.Pipeline], Any],
    options: PipelineOptions,
    console: Console,
    *,
    verb: str,
    files: int,
    lease: tuple[str, int] | None = None,
) -> PipelineEnd:
    """Run to the end, or to where a cluster cannot be asked any more; the reason has been printed.

    Args:
        define: adds the graph to a pipeline.
        options: Beam's.
        console: where progress is shown.
        verb: the word beside the bar, such as "asking".
        files: how many there are, for the bar.
        lease: whose engines end with it: where the lease of a run that asks lies, and its number.

    Raises:
        InputError: Beam refuses the options, or a worker found that the input is wrong.
    """
    if on_this_machine(options):
        quieten()
    give_back_large_buffers()
    with temporary_folder(), without_interactive_beam():
        bar = partial(progress, console, verb=verb, total=files, visible=in_this_process(options))
        return _run(define, options, bar, lease)


def _run(
    define: Callable[[beam.Pipeline], Any],
    options: PipelineOptions,
    bar: Callable[[], AbstractContextManager[None]],
    lease: tuple[str, int] | None,
) -> PipelineEnd:
    judge_stores_anew()
    pipeline, result = new_pipeline(options), None
    try:
        define(pipeline)
        with bar():
            result = pipeline.run()
            _check_end(result.wait_until_finish())
    except Exception as error:  # noqa: BLE001 - the outermost border: report, say how to go on
        if lease:
            interrupt_run(*lease, _GRACE_S)
        if _may_go_on(result, options):
            say_last(f"{_LOST_SIGHT} ({error})")
            return PipelineEnd.OUT_OF_SIGHT
        report(error)
        return PipelineEnd.BROKE_OFF
    finally:
        if lease:
            close_run(*lease)
    return PipelineEnd.DONE


def _check_end(state: Any) -> None:
    """Take a job that was cancelled, or that went on as another, for one that is not done.

    Most runners raise for it, and not all.
    """
    if PipelineState.is_terminal(state) and state != PipelineState.DONE:
        raise TierwiseError(f"the runner says that the job is {state}.")


def _may_go_on(result: Any, options: PipelineOptions) -> bool:
    """Whether a job that was submitted has not ended, as far as its runner says."""
    if result is None or on_this_machine(options):
        return False
    try:
        state = result.state
    except Exception:  # noqa: BLE001 - whoever cannot be asked may still be at work
        return True
    return not PipelineState.is_terminal(state) or state == PipelineState.UPDATED


def new_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """A pipeline; its runner's options are checked.

    Raises:
        InputError: they do not fit.
    """
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:  # a runner's options are validated here
        raise InputError(" ".join(str(error).split())) from error


def report(error: BaseException) -> None:
    """Say why a run broke off, and how to go on.

    Raises:
        InputError: it is something that a person can put right.
    """
    known = next(filter(None, map(_known, _causes(error))), None)
    message = str(known).partition(" [while running")[0]
    if isinstance(known, InputError):
        raise InputError(message) from error
    if known is not None:
        say_last(message)
    elif full := next((c for c in _causes(error) if _is_of_the_output(c)), None):
        say_last(
            f"the output cannot be written any more: {full}. Make room, give back the "
            "permission, or wait until it answers. Answers that were under way, at most "
            "--requests_in_flight requests per worker, are lost; what was paid before is in the "
            "journal. Then run the same command again."
        )
        return
    elif call := function_call():
        call.cause = error
    else:
        traceback.print_exception(error)
    say_last(
        "the run broke off. Nothing that was paid is lost: "
        "run the same command again, and it goes on from here."
    )


def say_last(line: str) -> None:
    """Say it on standard error, or keep it for the exception that a function raises."""
    if call := function_call():
        call.said.append(line)
    else:
        print(f"tierwise: {line}", file=sys.stderr)


def _known(error: BaseException) -> TierwiseError | None:
    """An error of ours; workers that are processes of their own hand theirs on as a traceback."""
    if isinstance(error, TierwiseError):
        return error
    found = _IN_TRACEBACK.search(str(error))
    if found is None:
        return None
    refused = issubclass(getattr(errors, found["kind"]), InputError)
    return InputError(found["message"]) if refused else TierwiseError(found["message"])


def _is_of_the_output(error: BaseException) -> bool:
    codes = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
    away = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN)
    if not isinstance(error, OSError):
        return False
    return error.errno in codes or (error.errno in away and error.filename is not None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
