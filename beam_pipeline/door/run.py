"""run: the whole job by one call."""

from __future__ import annotations

import os
from typing import Any

from rich.console import Console

from tierwise.beam_pipeline.carry_out import carry_out
from tierwise.beam_pipeline.door.run_result import RunResult
from tierwise.beam_pipeline.door.settings import Written, line_of, tasks_from
from tierwise.beam_pipeline.function_call import as_function
from tierwise.beam_pipeline.own_emulator import reachable
from tierwise.beam_pipeline.prepared_job import prepared_job
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.reach import check_waits
from tierwise.beam_pipeline.terminal.screen import screen
from tierwise.beam_pipeline.with_forecast import with_forecast
from tierwise.beam_pipeline.with_page import with_page
from tierwise.errors import TierwiseError


def run(
    *,
    input: str | os.PathLike[str] | None = None,  # noqa: A002 - as the flag
    output: str | os.PathLike[str] | None = None,
    tasks: Written = None,
    **flags: Any,
) -> RunResult:
    """Ask about every image of an archive; returns what came of it.

    What `tierwise run` does with the same flags, whose names and values are the keywords here;
    those that it does not know are Beam's. Warnings and progress go to standard error, in a
    notebook to its cell.

    Args:
        input: folder, pattern, file or manifest.
        output: folder for the tables, the journal and the page.
        tasks: a tasks file, or its content as a mapping; without, the built-in tasks for photos.
        flags: such as gemini="vertex", max_cost_usd="12.50", runner="PrismRunner".

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
        TierwiseError: the run broke off. Run it again, and it goes on from there.
        KeyboardInterrupt: as with any other call; what was paid is kept.
    """
    with as_function() as call:
        line = line_of(tasks, {"input": input, "output": output, **flags})
        settings, options = line.settings, beam_options(line.beam_flags)
        check_waits(options, "tierwise.run")
        console = Console(stderr=True)
        job = prepared_job(settings, tasks_from(tasks, settings), options, console)
        job = with_page(job, thumbnails=not settings.no_thumbnails)
        with reachable(settings, job) as asked:
            job = with_forecast(asked, console, screen(json_wanted=False))
            ended = carry_out(job, options, console)
    if ended is None:
        said = " ".join(call.said)
        told = said or f"the run into {job.output} broke off. Run it again."
        raise TierwiseError(told) from call.cause
    return RunResult(ended, job.output)
