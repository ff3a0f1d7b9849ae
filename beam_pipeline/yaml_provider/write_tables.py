"""WriteTables for Beam YAML: rows of AskGemini into the tables of `run`, with their account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.graph import Asked, close
from tierwise.beam_pipeline.launch import writable
from tierwise.beam_pipeline.yaml_provider.ask_gemini import AskGemini
from tierwise.beam_pipeline.yaml_provider.rows import record_of
from tierwise.beam_pipeline.yaml_provider.upstream import upstream
from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.records import NamedOutcome
from tierwise.transforms.list_images import REPEATED_NAMES, SKIPPED


class WriteTables(beam.PTransform):
    """Writes answers, failures, costs and run.json, in place of what an earlier run has left.

    Takes rows of one AskGemini: `input: {answers: Ask, failures: Ask.failures}`. Rows that were
    filtered away are in no table; what was changed in a row is not written, for a row's record is.

    Args:
        output: folder for the tables. Default: that of AskGemini.
    """

    def __init__(self, *, output: str | None = None) -> None:
        super().__init__()
        self._output = output

    def expand(self, inputs: Any) -> beam.PCollection[beam.Row]:
        """Adds the writing to a pipeline; the one row that comes out tells the status."""
        several: tuple[beam.PCollection[Any], ...] = (
            tuple(inputs.values()) if isinstance(inputs, Mapping) else (inputs,)
        )
        asking = {id(found): found for rows in several if (found := upstream(rows, AskGemini))}
        if len(asking) != 1:
            raise InputError(
                "WriteTables: its rows must come from one AskGemini. Write input: "
                "{answers: NAME, failures: NAME.failures}."
            )
        [asked_by] = asking.values()
        records = tuple(
            rows | f"Records{number}" >> beam.Map(record_of).with_output_types(NamedOutcome)
            for number, rows in enumerate(several)
        )
        job = asked_by.job
        if self._output:
            job = replace(job, output=writable(self._output))
        asked = Asked(
            records | "AllRecords" >> beam.Flatten(), asked_by.asked.findings, asked_by.asked.others
        )
        left_out = asked_by.read.left_out if asked_by.read else _nothing(several[0].pipeline)
        run = close(asked, left_out, job)
        ended: beam.PCollection[beam.Row] = run | "EndRun" >> beam.Map(_end, asked_by.lease)
        return ended


def _nothing(pipeline: beam.Pipeline) -> dict[str, beam.PCollection[str]]:
    """What is left out where other sources list the images."""
    return {name: pipeline | f"No-{name}" >> beam.Create([]) for name in (SKIPPED, REPEATED_NAMES)}


def _end(run: dict[str, Any], lease: Lease) -> beam.Row:
    lease.end(untraced_requests=0)
    return beam.Row(status=run["status"], images=run["images"])
