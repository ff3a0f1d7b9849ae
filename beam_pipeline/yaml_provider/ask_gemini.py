"""AskGemini for Beam YAML: rows of images to rows of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.asked import tasks_in
from tierwise.beam_pipeline.door.ask_gemini import AskGemini as Ask
from tierwise.beam_pipeline.door.settings import Written
from tierwise.beam_pipeline.yaml_provider.error_output import GOOD, error_output
from tierwise.beam_pipeline.yaml_provider.rows import (
    RowsOfImages,
    answer_rows,
    failure_rows,
    outcome_row,
)
from tierwise.errors import InputError
from tierwise.records import NamedOutcome


class AskGemini(beam.PTransform):
    """Asks every image of its rows, and gives a row for each image and task.

    Rows need a column `uri`; all other columns ride along and may be named in prompts. Answers are
    journaled in `output`, so that running again pays for nothing twice. Two outputs: answers, and
    the images without one, under the name that `error_handling` gives.

    Args:
        output: folder for the journal, and the tables if WriteTables names no other.
        tasks: a tasks file, or its content written out; without, the built-in tasks for photos.
        gemini: emulator (the default, which costs nothing), developer or vertex.
        gemini_endpoint: base URL in place of Google's, or of an emulator of its own.
        max_cost_usd: hard cap in dollars on what all runs into this output cost together.
        service_tier: standard, flex or priority.
        requests_in_flight: requests under way at a time, per worker process.
        error_handling: {output: NAME} of the output for failures.
        flags: any other flag of `tierwise run` but --input, as a mapping.
    """

    def __init__(
        self,
        *,
        output: str,
        tasks: str | Mapping[str, Any] | None = None,
        gemini: str | None = None,
        gemini_endpoint: str | None = None,
        max_cost_usd: str | float | None = None,
        service_tier: str | None = None,
        requests_in_flight: int | None = None,
        error_handling: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._failures = error_output("AskGemini", error_handling)
        # Several lines are no name of a file.
        if isinstance(tasks, str) and "\n" in tasks:
            self._tasks: Written = tasks_in(tasks)
        else:
            self._tasks = tasks
        own = {
            "output": output,
            "gemini": gemini,
            "gemini_endpoint": gemini_endpoint,
            "max_cost_usd": max_cost_usd,
            "service_tier": service_tier,
            "requests_in_flight": requests_in_flight,
        }
        given = {name for name, value in own.items() if value is not None} | {"input", "tasks"}
        if twice := sorted(given & set(flags or {})):
            raise InputError(
                f"AskGemini: flags has {twice[0]}, which is given beside flags or by the pipeline "
                "itself. Write it in one place."
            )
        self._flags = {**own, **(flags or {})}

    def expand(self, rows: beam.PCollection[Any]) -> dict[str, beam.PCollection[beam.Row]]:
        """Takes the lease of the output, and adds the questions to a pipeline."""
        given = RowsOfImages.of(rows)
        ask = Ask(self._tasks, columns=given.columns, **self._flags)
        outcomes = rows | "Images" >> beam.Map(given.image) | "AskGemini" >> ask
        columns, emulated = given.columns, bool(ask.job.facts["emulated"])

        def as_row(named: NamedOutcome) -> beam.Row:
            return outcome_row(named, columns, emulated=emulated)

        answers = beam.Map(as_row).with_output_types(answer_rows(columns))
        failures = beam.Map(as_row).with_output_types(failure_rows(columns))
        return {
            GOOD: outcomes.answers | "Answers" >> answers,
            self._failures: outcomes.failures | "Failures" >> failures,
        }
