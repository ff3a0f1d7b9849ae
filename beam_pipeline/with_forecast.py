"""A job that knows before it begins what it will cost, and has said so."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from tierwise.batches.planned_rounds import PlannedBatch, planned_batch
from tierwise.batches.terms import Terms
from tierwise.beam_pipeline.finish_by import FINISH_BY, TOLD
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.terminal.batch_lines import batch_lines, batch_row
from tierwise.beam_pipeline.terminal.forecast_tables import forecast_line, no_images, store_warnings
from tierwise.beam_pipeline.terminal.local_forecast_lines import local_forecast_lines
from tierwise.beam_pipeline.terminal.looks_lines import looks_lines
from tierwise.beam_pipeline.terminal.screen import say, warn
from tierwise.errors import JournalError
from tierwise.forecast.forecast import forecast_row
from tierwise.forecast.local_forecast import local_forecast, local_row
from tierwise.forecast.survey import Survey
from tierwise.known_files import NOTHING_KNOWN
from tierwise.surveying.forecasting import forecast_of, rates_of, survey_of


def with_forecast(job: Job, console: Console, results: Console) -> Job:
    """The job with its forecast among its facts, unless the run will refuse its journal.

    The forecast is printed to `results`, a warning to `console`.
    """
    questions, service = job.plan.questions, job.plan.service
    try:
        reading = job.plan.journal.reading
        survey = survey_of(
            job.found,
            questions,
            job.output,
            reading,
            shares_alike=job.likeness is not None,
            first=job.first,
            limits=job.plan.limits,
            memory=job.memory or NOTHING_KNOWN,
        )
    except JournalError:
        return job
    if warnings := no_images(survey, job.found.uri):
        warn(console, warnings[0])
        return job
    for warning in store_warnings(survey):
        warn(console, warning)
    row = forecast_row(
        forecast_of(
            questions, service, survey, job.on, unknowns=(), check_packs=job.plan.check_packs
        )
    )
    if found := local_forecast(
        questions.tasks, survey, rates_of(service, job.on, job.plan.check_packs)
    ):
        row["local"] = local_row(found)
    say(results, forecast_line(row))
    for line in local_forecast_lines(row):
        say(results, line)
    for line in job.facts.get(FINISH_BY, {}).get(TOLD, ()):
        say(results, line)
    if job.batches and (batch := _planned_rounds(job, job.batches, survey)):
        row["batch"] = batch_row(batch)
        for line in batch_lines(batch):
            say(results, line)
    for line in looks_lines(questions):
        say(results, line)
    return replace(job, facts={**job.facts, "forecast": row})


def _planned_rounds(job: Job, batches: Terms, survey: Survey) -> PlannedBatch | None:
    return planned_batch(
        job.plan.questions.tasks,
        survey,
        rates_of(job.plan.service, job.on, job.plan.check_packs),
        batches.fallbacks,
        batches.rules.usage_tier,
    )
