"""A look at an archive for `plan` that knows which contents would learn and examine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tierwise.accounts.table_names import RUN_FILE
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.inquiry import Inquiry
from tierwise.beam_pipeline.local_answers import local_plan, why_none
from tierwise.forecast.local_forecast import earlier_curves
from tierwise.forecast.survey import SeenFile, Standing, Survey
from tierwise.json_text import read_json_text
from tierwise.questions import Questions
from tierwise.storage.files import files_for, join

SurveyOf = Callable[[Questions], Survey]


def with_local_survey(
    settings: Settings, inquiry: Inquiry, survey_of: SurveyOf
) -> tuple[Inquiry, Survey]:
    """The inquiry with the parts that contents would have, and the survey made with it.

    Which contents learn and examine follows from how many there are, so an archive about which a
    journal knows something is looked at twice the first time.

    Raises:
        InputError: the extra is not installed, or `--embedder` cannot be used.
    """
    if not inquiry.questions.local_groups:
        return inquiry, survey_of(inquiry.questions)
    before = _with_roles(settings, inquiry, files=0)
    survey = survey_of(before)
    questions = _with_roles(settings, inquiry, files=survey.files)
    if _roles(questions) != _roles(before) and _knows_something(settings.output):
        survey = survey_of(questions)
    return replace(inquiry, questions=questions), _with_audits(survey, questions)


def _with_audits(survey: Survey, questions: Questions) -> Survey:
    """Which contents are asked twice is open where the survey knew of no roles."""
    new = {
        task.name: Standing.OPEN for task in questions.of_images if task.audit and task.audit.roles
    }

    def known(file: SeenFile) -> SeenFile:
        images = (replace(one, standings={**new, **one.standings}) for one in file.images)
        return replace(file, images=tuple(images))

    strata = (replace(one, seen=tuple(map(known, one.seen))) for one in survey.strata)
    return replace(survey, strata=tuple(strata))


def _with_roles(settings: Settings, inquiry: Inquiry, *, files: int) -> Questions:
    journal = join(settings.output, "journal") if settings.output else ""
    found = local_plan(
        settings,
        inquiry.questions,
        files=files,
        journal=journal,
        answerer=inquiry.service.answerer,
        begins=False,
    )
    return inquiry.questions.with_roles(found.roles, found.models) if found else inquiry.questions


def _roles(questions: Questions) -> set[Any]:
    return {task.roles for task in questions.of_images}


def _knows_something(output: str | None) -> bool:
    folder = join(output, "journal") if output else ""
    return bool(folder and files_for(folder).folders(folder))


def local_told(questions: Questions, files: int, output: str | None) -> dict[str, Any]:
    """What `plan` tells besides: why nothing is answered locally, and an earlier run's curves."""
    if not questions.local_groups:
        return {}
    if not any(task.roles for task in questions.of_images):
        none = why_none(questions, files)
        return {"why_not": {name: one["why_not"] for name, one in none.items()}}
    curves = earlier_curves(_last_run(output))
    return {"curves": curves} if curves else {}


def _last_run(output: str | None) -> dict[str, Any]:
    if not output:
        return {}
    uri = join(output, RUN_FILE)
    try:
        found = read_json_text(files_for(uri).read(uri))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
