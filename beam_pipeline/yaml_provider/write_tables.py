"""WriteTables for Beam YAML: rows of AskGemini into the tables of `run`, with their account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.door.write_tables import WriteTables as Write
from tierwise.beam_pipeline.yaml_provider.rows import check_records, record_of
from tierwise.records import NamedOutcome


class WriteTables(beam.PTransform):
    """Writes answers, failures, costs and run.json, in place of what an earlier run has left.

    Takes rows of one AskGemini: `input: {answers: Ask, failures: Ask.failures}`. Rows that were
    filtered away are in no table; what was changed in a row is not written, for a row's record is.

    Args:
        output: folder for the tables. Default: that of AskGemini.
    """

    def __init__(self, *, output: str | None = None) -> None:
        super().__init__()
        self._write = Write(output)

    def expand(self, inputs: Any) -> beam.PCollection[beam.Row]:
        """Adds the writing to a pipeline; the one row that comes out tells the status."""
        several = tuple(inputs.values()) if isinstance(inputs, Mapping) else (inputs,)
        for rows in several:
            check_records(rows, "WriteTables", "AskGemini")
        records = tuple(
            rows | f"Records{number}" >> beam.Map(record_of).with_output_types(NamedOutcome)
            for number, rows in enumerate(several)
        )
        run = records | "WriteTables" >> self._write
        ended: beam.PCollection[beam.Row] = run | "EndRun" >> beam.Map(
            lambda run: beam.Row(status=run["status"], images=run["images"])
        )
        return ended
