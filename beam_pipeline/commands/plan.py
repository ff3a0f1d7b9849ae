"""`tierwise plan`: what a run would cost. Spends nothing, and does not wait for Beam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from rich.console import Console

from tierwise.answerer import ServiceKind
from tierwise.answering.plan import requests_at_a_time
from tierwise.batches.planned_rounds import PlannedBatch, planned_batch
from tierwise.beam_pipeline.asked import questions_to_ask, tasks_of
from tierwise.beam_pipeline.capped import reach_line, reach_of, reach_row
from tierwise.beam_pipeline.flags.command_line import Settings, unknown_flag
from tierwise.beam_pipeline.flags.flag import PLAN
from tierwise.beam_pipeline.flags.of_verb import flags_of
from tierwise.beam_pipeline.flags.times import read_moment
from tierwise.beam_pipeline.inquiry import Inquiry, inquiry_of, warnings_about
from tierwise.beam_pipeline.last_tables import memory_of
from tierwise.beam_pipeline.local_survey import local_told, with_local_survey
from tierwise.beam_pipeline.mix_in_time import MixInTime, mix_in_time
from tierwise.beam_pipeline.terminal.alternatives_table import alternative_rows, print_alternatives
from tierwise.beam_pipeline.terminal.batch_lines import batch_row, print_batch
from tierwise.beam_pipeline.terminal.cache_lines import cache_lines
from tierwise.beam_pipeline.terminal.drawing_costs import drawing_costs, print_drawing_costs
from tierwise.beam_pipeline.terminal.forecast_tables import (
    no_images,
    print_forecast,
    store_warnings,
)
from tierwise.beam_pipeline.terminal.label_lines import label_forms, label_lines
from tierwise.beam_pipeline.terminal.lanes_table import drawing_lines, lanes_row, print_lanes
from tierwise.beam_pipeline.terminal.local_forecast_lines import local_forecast_lines
from tierwise.beam_pipeline.terminal.looks_lines import looks_lines
from tierwise.beam_pipeline.terminal.mix_lines import mix_lines, mix_row
from tierwise.beam_pipeline.terminal.screen import print_document, say
from tierwise.errors import InputError
from tierwise.forecast.alternatives import alternatives
from tierwise.forecast.duration import durations
from tierwise.forecast.forecast import Forecast, forecast_row
from tierwise.forecast.lanes import lanes, over
from tierwise.forecast.lever import biggest_lever
from tierwise.forecast.local_forecast import local_forecast, local_row
from tierwise.forecast.scenarios import Unknown
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load
from tierwise.images.limits import Limits
from tierwise.known_files import NOTHING_KNOWN
from tierwise.prices.drawn_pictures import image_output_cost
from tierwise.prices.price_day import price_day
from tierwise.records import ServiceTier
from tierwise.storage.listing import InputKind
from tierwise.surveying.forecasting import forecast_of, rates_of, survey_of
from tierwise.tasks import Task


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Print a forecast and return the exit status."""
    _check_flags(beam_flags)
    console = Console(highlight=False)
    on = _day(settings.prices_on)
    if settings.image_output:
        _show_drawing_costs(settings, on, console)
        return 0
    if not settings.input:
        raise InputError("--input is missing. See tierwise plan --help.")
    questions, warnings = questions_to_ask(settings, tasks_of(settings), on)
    temp_location, seconds = _beam_flag("temp_location", beam_flags), _seconds(settings)
    inquiry = inquiry_of(
        settings,
        questions,
        project=_beam_flag("project", beam_flags),
        on=on,
        temp_location=temp_location,
    )
    found, reading = inquiry.found, inquiry.reading
    limits = Limits(pages=settings.max_pages, accept_truncated=settings.accept_truncated)
    inquiry, survey = with_local_survey(
        settings,
        inquiry,
        lambda questions: survey_of(
            found,
            questions,
            settings.output,
            reading,
            sample=settings.sample,
            shares_alike=settings.near_duplicates is not None,
            first=settings.first,
            limits=limits,
            memory=memory_of(settings, found) or NOTHING_KNOWN,
        ),
    )
    names_files = inquiry.found.kind is InputKind.MANIFEST and survey.complete
    if (survey.away or names_files) and (nothing := no_images(survey, inquiry.found.uri)):
        raise InputError(nothing[0])
    warnings += store_warnings(survey)
    warnings += warnings_about(questions, inquiry.service, on, inquiry.found)
    warnings += no_images(survey, inquiry.found.uri)
    show = _show_ways if settings.compare or settings.all else _show_forecast
    show(_Planned(settings, inquiry, survey, warnings, temp_location, seconds), console)
    return 0


@dataclass(frozen=True, slots=True)
class _Planned:
    settings: Settings
    inquiry: Inquiry
    survey: Survey
    warnings: Sequence[str]
    temp_location: str
    seconds: float | None


def _show_drawing_costs(settings: Settings, on: date, console: Console) -> None:
    vertex = settings.gemini == ServiceKind.VERTEX
    costs = drawing_costs(settings.image_output, settings.image_count, on, vertex=vertex)
    if settings.json:
        print_document(costs)
    else:
        print_drawing_costs(costs, console)


def _show_ways(planned: _Planned, console: Console) -> None:
    survey, warnings = planned.survey, planned.warnings
    rates = rates_of(planned.inquiry.service, planned.inquiry.on, planned.settings.check_packs)
    found = alternatives(planned.inquiry.questions.tasks, survey, rates)
    drawn = lanes(planned.inquiry.questions.tasks, rates), over(rates)
    cap = _reached(planned)
    if planned.settings.json:
        row = {"ways": alternative_rows(found), "lever": biggest_lever(found), "warnings": warnings}
        print_document({**row, **lanes_row(*drawn), **cap})
    else:
        uri, whole = planned.inquiry.found.uri, planned.settings.all
        print_alternatives(found, survey, uri, warnings, console, whole=whole)
        print_lanes(*drawn, console)
        _say_unmeasured(planned, console)
        _print_cap(cap, console)


def _show_forecast(planned: _Planned, console: Console) -> None:
    settings, forecast = planned.settings, _forecast(planned)
    local = _local(planned)
    cap = _reached(planned)
    at_once = _asked_at_once(planned, forecast)
    lasting = dict(
        durations(
            at_once,
            requests_in_flight=requests_at_a_time(
                settings.requests_in_flight,
                planned.inquiry.questions,
                files=planned.survey.files,
                processes=1,
            ),
            requests_per_minute=settings.requests_per_minute,
            spend_limits=not planned.inquiry.service.vertex,
        )
        if at_once.requests or not forecast.load.requests
        else ()
    )
    batch, mix = _batch(planned), _mix(planned)
    if settings.json:
        told = {**planned.survey.skipped.facts(), "repeated_rows": planned.survey.repeated}
        row = {**forecast_row(forecast), **told, "seconds": lasting, "warnings": planned.warnings}
        told = {"batch": batch_row(batch)} if batch else {}
        told |= {"within": mix_row(mix)} if mix else {}
        forms = label_forms(planned.inquiry.questions)
        told |= {"labels": forms} if forms else {}
        drawn = list(_drawing_lines(planned))
        told |= {"drawing": drawn} if drawn else {}
        told |= local
        print_document({**row, **told, **cap})
    else:
        print_forecast(forecast, planned.inquiry.found.uri, lasting, planned.warnings, console)
        if batch:
            print_batch(batch, console)
        for line in cache_lines(forecast_row(forecast)):
            say(console, line)
        for line in (*local_forecast_lines(local), *(mix_lines(mix) if mix else ())):
            say(console, line)
        _say_unmeasured(planned, console)
        _print_cap(cap, console)


def _say_unmeasured(planned: _Planned, console: Console) -> None:
    questions = planned.inquiry.questions
    drawn = _drawing_lines(planned)
    for line in (*label_lines(questions), *looks_lines(questions), *drawn):
        say(console, line)


def _drawing_lines(planned: _Planned) -> Iterator[str]:
    service, on = planned.inquiry.service, planned.inquiry.on

    def price_of(task: Task) -> int:
        size, route = task.answer.drawn_size(), task.route
        return image_output_cost(
            route.model,
            size,
            route.service_tier,
            on,
            vertex=service.vertex,
            prices=service.prices,
        )

    return drawing_lines(planned.inquiry.questions.tasks, price_of)


def _forecast(planned: _Planned, unknowns: Sequence[Unknown] = tuple(Unknown)) -> Forecast:
    asked = planned.inquiry
    return forecast_of(
        asked.questions,
        asked.service,
        planned.survey,
        asked.on,
        unknowns=unknowns,
        check_packs=planned.settings.check_packs,
    )


def _local(planned: _Planned) -> dict[str, Any]:
    """What is known of local answers before, under the key `local`; nothing without any."""
    asked, settings = planned.inquiry, planned.settings
    rates = rates_of(asked.service, asked.on, settings.check_packs)
    found = local_forecast(asked.questions.tasks, planned.survey, rates)
    row = local_row(found) if found else {}
    told = local_told(asked.questions, planned.survey.files, settings.output)
    why_not = row.get("why_not", {}) | told.get("why_not", {})
    row |= told | ({"why_not": why_not} if why_not else {})
    return {"local": row} if row else {}


def _mix(planned: _Planned) -> MixInTime | None:
    """The mix for `--within` or `--finish_by`, None without both."""
    if planned.seconds is None:
        return None
    return mix_in_time(
        planned.settings,
        planned.inquiry,
        planned.survey,
        planned.seconds,
        temp_location=planned.temp_location,
    )


def _seconds(settings: Settings) -> float | None:
    """The time that there is, None where no flag says."""
    within: float | None = settings.within
    if not settings.finish_by:
        return within
    if within is not None:
        raise InputError("--within and --finish_by say the same. Give one of them.")
    left = read_moment(settings.finish_by, "finish_by") - datetime.now(UTC)
    if left.total_seconds() <= 0:
        raise InputError(f"--finish_by={settings.finish_by}: is over.")
    return left.total_seconds()


def _asked_at_once(planned: _Planned, forecast: Forecast) -> Load:
    """What does not go in jobs, whose time nothing here decides."""
    tasks = planned.inquiry.questions.tasks
    names = (t.ask_name for t in tasks if t.route.service_tier is not ServiceTier.BATCH)
    return sum((forecast.tasks[name].load for name in names), Load())


def _batch(planned: _Planned) -> PlannedBatch | None:
    asked, settings = planned.inquiry, planned.settings
    return planned_batch(
        asked.questions.tasks,
        planned.survey,
        rates_of(asked.service, asked.on, settings.check_packs),
        asked.batch_fallbacks,
        settings.usage_tier,
    )


def _reached(planned: _Planned) -> dict[str, Any]:
    """How far `--max_cost_usd` reaches, under the key `cap`; nothing without."""
    if planned.inquiry.cap is None:
        return {}
    forecast = _forecast(planned, unknowns=())
    reach = reach_of(planned.inquiry, planned.survey, planned.settings.output, forecast)
    return {"cap": {**reach_row(reach), "line": reach_line(reach, forecast)}}


def _print_cap(row: dict[str, Any], console: Console) -> None:
    if row:
        say(console, row["cap"]["line"])


def _day(word: str | None) -> date:
    """The day of `--prices_on`, today without."""
    if word is None:
        return price_day(datetime.now(UTC))
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise InputError(f"--prices_on={word}: is not a day. Write it like 2027-01-15.") from error


def _check_flags(words: Sequence[str]) -> None:
    """Refuse a flag that looks like one of ours; whether others are Beam's, only Beam knows."""
    ours = [flag.name for flag in flags_of(PLAN)]
    for word in words:
        name = word[2:].partition("=")[0]
        # A name of ours that is left over is Beam's too: labels of a job.
        if word.startswith("--") and name not in ours and get_close_matches(name, ours, 1, 0.8):
            raise InputError(unknown_flag(word, PLAN))


def _beam_flag(name: str, words: Sequence[str]) -> str:
    """A flag of Beam's that says something of Vertex AI as well, or nothing."""
    return next((word.partition("=")[2] for word in words if word.startswith(f"--{name}=")), "")
