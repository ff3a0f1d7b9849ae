"""WriteTables: what AskGemini gave into the tables of `run`, with their account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.door.ask_gemini import AskGemini
from tierwise.beam_pipeline.door.upstream import upstream
from tierwise.beam_pipeline.graph import close
from tierwise.beam_pipeline.writable import writable
from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.records import NamedOutcome


class WriteTables(beam.PTransform):
    """Writes answers, failures, costs and run.json, in place of what an earlier run has left.

    Takes what one `AskGemini` gave, both answers and failures. What was filtered away is in no
    table, and its money in no account but the journal's.

    Args:
        output: folder for the tables. Default: that of `AskGemini`.
    """

    def __init__(self, output: str | None = None) -> None:
        super().__init__()
        self._output = output

    def expand(self, outcomes: Any) -> beam.PCollection[dict[str, Any]]:
        """Adds the writing to a pipeline; the one element that comes out is that of `run.json`.

        Raises:
            InputError: the outcomes are not those of one `AskGemini`.
        """
        several: tuple[beam.PCollection[NamedOutcome], ...]
        if isinstance(outcomes, Mapping):
            several = tuple(outcomes.values())
        else:
            several = outcomes if isinstance(outcomes, tuple) else (outcomes,)
        asking = {id(found): found for rows in several if (found := upstream(rows, AskGemini))}
        if len(asking) != 1:
            raise InputError(
                "WriteTables: its rows must come from one AskGemini. Give it both of what that "
                "gave: answers and failures."
            )
        [asked_by] = asking.values()
        job = asked_by.job
        if self._output:
            job = replace(job, output=writable(self._output))
        rows = several | "AllOutcomes" >> beam.Flatten()
        run = close(replace(asked_by.asked, rows=rows, pages=None), asked_by.left_out, job)
        ended: beam.PCollection[dict[str, Any]] = run | "EndRun" >> beam.Map(_end, asked_by.lease)
        return ended


def _end(run: dict[str, Any], lease: Lease) -> dict[str, Any]:
    lease.end(untraced_requests=0)
    return run
