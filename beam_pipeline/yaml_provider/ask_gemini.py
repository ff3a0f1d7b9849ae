"""AskGemini for Beam YAML: rows of images to rows of answers, through the same graph as `run`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
import yaml

from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.asked import at_tier, questions_to_ask, tasks_of
from tierwise.beam_pipeline.carry_out import with_untraced
from tierwise.beam_pipeline.flags.command_line import Settings, read_command_line
from tierwise.beam_pipeline.graph import Asked, ask
from tierwise.beam_pipeline.inquiry import inquiry_of
from tierwise.beam_pipeline.job import Job, handed_over
from tierwise.beam_pipeline.launch import build_job
from tierwise.beam_pipeline.lease_keeper import begin
from tierwise.beam_pipeline.runners.beam_options import project
from tierwise.beam_pipeline.runners.workers import known_sharers, on_this_machine, worker_processes
from tierwise.beam_pipeline.yaml_provider.error_output import GOOD, error_output
from tierwise.beam_pipeline.yaml_provider.read_images import ReadImages
from tierwise.beam_pipeline.yaml_provider.rows import (
    answer_rows,
    columns_of,
    failure_rows,
    listed_file,
    named_file,
    outcome_row,
)
from tierwise.beam_pipeline.yaml_provider.upstream import upstream
from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.prices.price_day import price_day
from tierwise.records import Answer, ImageFile, NamedOutcome
from tierwise.storage.listing import Input, InputKind
from tierwise.tasks import Tasks, load_tasks
from tierwise.transforms.in_threads import InThreadsFn
from tierwise.transforms.list_images import hash_file

_ROWS = "the rows that AskGemini is given"
# Files are taken to be so many where nothing upstream knows; it decides the size of shards alone.
_UNKNOWN_FILES = 100_000
_HASHED_AT_A_TIME = 32


class AskGemini(beam.PTransform):
    """Asks every image of its rows, and gives a row for each image and task.

    Rows need a column `uri`; all other columns ride along and may be named in prompts. Answers are
    journaled in `output`, so that running again pays for nothing twice. Two outputs: answers, and
    the images without one, under the name that `error_handling` gives.

    Args:
        output: folder for the journal, and the tables if WriteTables names no other.
        tasks: a tasks file, or its content written out; without, the built-in tasks for photos.
        gemini: emulator, developer or vertex; only the emulator costs nothing.
        gemini_endpoint: base URL in place of Google's; needed for the emulator.
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
        written = {
            "input": _ROWS,
            "output": output,
            "tasks": tasks if isinstance(tasks, str) else None,
            "gemini": gemini,
            "gemini_endpoint": gemini_endpoint,
            "max_cost_usd": max_cost_usd,
            "service_tier": service_tier,
            "requests_in_flight": requests_in_flight,
            **(flags or {}),
        }
        self._settings = _settings(written)
        now = datetime.now(UTC)
        written_tasks = _tasks(self._settings, tasks)
        self._questions, _ = questions_to_ask(self._settings, written_tasks, price_day(now))
        self._now = now
        self.job: Job
        self.lease: Lease
        self.asked: Asked
        self.read: ReadImages | None = None

    def expand(self, rows: beam.PCollection[Any]) -> dict[str, beam.PCollection[beam.Row]]:
        """Takes the lease of the output, and adds the questions to a pipeline."""
        columns, listed = columns_of(rows)
        self.read = upstream(rows, ReadImages)
        self.job, self.lease = self._begin(rows.pipeline, columns)
        names = tuple(columns)
        if listed:
            files = rows | "Files" >> beam.Map(listed_file, names).with_output_types(ImageFile)
        else:
            hashing = InThreadsFn(lambda row: hash_file(named_file(row, names)), _HASHED_AT_A_TIME)
            files = rows | "HashFiles" >> beam.ParDo(hashing).with_output_types(ImageFile)
        self.asked = ask(files, files, self.job)
        emulated = bool(self.job.facts["emulated"])
        answers, failures = self.asked.rows | "ByOutcome" >> beam.Partition(_by_outcome, 2)

        def as_row(named: NamedOutcome) -> beam.Row:
            return outcome_row(named, columns, emulated=emulated)

        return {
            GOOD: answers | "Answers" >> beam.Map(as_row).with_output_types(answer_rows(columns)),
            self._failures: failures
            | "Failures" >> beam.Map(as_row).with_output_types(failure_rows(columns)),
        }

    def _begin(self, pipeline: beam.Pipeline, columns: Mapping[str, str]) -> tuple[Job, Lease]:
        options = pipeline.options
        inquiry = inquiry_of(
            self._settings,
            self._questions,
            project=project(options),
            on=price_day(self._now),
            found=Input(_ROWS, InputKind.MANIFEST, columns),
        )
        job = build_job(
            self._settings,
            inquiry,
            now=self._now,
            workers=known_sharers(options),
            files=self.read.files if self.read else _UNKNOWN_FILES,
        )
        here = on_this_machine(options)
        lease = begin(job, workers=worker_processes(options), handed_over=not here)
        job = with_untraced(job, lease)
        return job if here else handed_over(job, lease), lease


def _settings(written: Mapping[str, Any]) -> Settings:
    """The settings of `run`, read and checked as its flags are."""
    flags = [f"--{name}={_flag(value)}" for name, value in written.items() if value is not None]
    line = read_command_line(["run", *flags])
    if line.beam_flags:
        raise InputError(f"AskGemini: {line.beam_flags[0].partition('=')[0]} is not a flag of run.")
    settings = line.settings
    if settings.gemini == ServiceKind.EMULATOR and not settings.gemini_endpoint:
        raise InputError(
            "AskGemini: gemini: emulator needs gemini_endpoint. Start one with tierwise emulator "
            "--port=8765, and write gemini_endpoint: http://127.0.0.1:8765."
        )
    if settings.near_duplicates is not None:
        raise InputError("AskGemini: near_duplicates is for tierwise run alone. Leave it out.")
    return settings


def _flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tasks(settings: Settings, written: str | Mapping[str, Any] | None) -> Tasks:
    if written is None or isinstance(written, str):
        return tasks_of(settings)
    text = yaml.safe_dump(_plain(written), sort_keys=False, allow_unicode=True)
    return at_tier(load_tasks(text, path="AskGemini"), settings.service_tier)


def _plain(value: Any) -> Any:
    """Without the line numbers that Beam keeps in mappings."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if not str(k).startswith("__")}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _by_outcome(named: NamedOutcome, partitions: int) -> int:
    del partitions
    return 0 if isinstance(named.outcome, Answer) else 1
