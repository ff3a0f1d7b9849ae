"""The forecast that a command line asks for; without Beam, so that `plan` answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tierwise.forecast.forecast import Forecast, forecast
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import Unknown
from tierwise.forecast.survey import SAMPLE, Survey
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.images.limits import Limits
from tierwise.journal.reading import Reading
from tierwise.known_files import NOTHING_KNOWN, Memory
from tierwise.questions import Questions
from tierwise.scheduling.worst_cases import worst_question
from tierwise.storage.files import join
from tierwise.storage.listing import Input
from tierwise.surveying.survey_archive import WhatToSurvey, survey_archive

_LIMITS = Limits()


def rates_of(service: Service, on: date, check_packs: float = 0.0) -> Rates:
    """What decides tokens and prices at a service on a day."""
    return Rates(on, service.vertex, service.regional, service.prices, check_packs)


def survey_of(
    found: Input,
    questions: Questions,
    output: str | None,
    reading: Reading,
    *,
    sample: int = SAMPLE,
    shares_alike: bool = False,
    first: int | None = None,
    limits: Limits = _LIMITS,
    memory: Memory = NOTHING_KNOWN,
) -> Survey:
    """A look at the archive, or at the `first` files of it that a pilot asks.

    `output` is where an earlier run may have left its journal, `memory` what it knew of the files.
    """
    journal = join(output, "journal") if output else ""
    looking = WhatToSurvey(questions, limits, sample, journal, reading, shares_alike, first, memory)
    return survey_archive(found, looking)


def forecast_of(
    questions: Questions,
    service: Service,
    survey: Survey,
    on: date,
    *,
    unknowns: Sequence[Unknown] = tuple(Unknown),
    check_packs: float = 0.0,
) -> Forecast:
    """What asking costs on a day; `unknowns` are those whose own spread is wanted."""
    billing = Billing(service)
    worst = {
        task.name: worst_question(task, questions.look_of(task), billing, on)
        for task in questions.tasks
    }
    return forecast(
        questions.tasks, survey, rates_of(service, on, check_packs), worst, unknowns=unknowns
    )
