"""The cheapest mix of service tiers that ends in the time that there is, by what a survey saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.accounts.admission import read_dollars
from tierwise.answering.plan import requests_at_a_time
from tierwise.batches.enqueued import enqueued_limit
from tierwise.beam_pipeline.batch_checks import fallback_of, has_place_for_jobs
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.inquiry import Inquiry
from tierwise.forecast.duration import spend_limit
from tierwise.forecast.survey import Survey
from tierwise.forecast.tier_mix import (
    CHOICES,
    Asked,
    Mix,
    Quotas,
    asked_at_tiers,
    cheapest_in_time,
    deadline_of,
    fastest,
    tiers_of,
)
from tierwise.job_limits import job_limits
from tierwise.models import find_model
from tierwise.records import ServiceTier
from tierwise.surveying.forecasting import rates_of


@dataclass(frozen=True, slots=True)
class MixInTime:
    """What was weighed for so many `seconds`: `mix` is None where nothing ends by then.

    `deadline_s` is the age at which batch jobs are given up, None where nothing is in batch;
    `rest_fits` says whether all that jobs could leave would still end in time.
    """

    seconds: float
    asked: tuple[Asked, ...]
    quotas: Quotas
    mix: Mix | None
    soonest: Mix
    deadline_s: float | None
    rest_fits: bool

    @property
    def tiers(self) -> Mapping[str, ServiceTier]:
        """The tier of each task of the tasks file, of the fastest mix where none ends in time."""
        return tiers_of(self.mix or self.soonest, self.asked)


def mix_in_time(
    settings: Settings,
    inquiry: Inquiry,
    survey: Survey,
    seconds: float,
    *,
    temp_location: str,
    workers: int = 1,
) -> MixInTime:
    """Weigh all mixes for what is left to ask.

    Args:
        settings: the flags of `run` or `plan`.
        inquiry: what is asked of whom.
        survey: what was seen of the archive.
        seconds: the time that there is.
        temp_location: Beam's, where batch jobs on Vertex AI may lie.
        workers: processes that ask at a time.
    """
    questions, service = inquiry.questions, inquiry.service
    models = dict.fromkeys(task.route.model for task in questions.tasks)
    in_flight = requests_at_a_time(
        settings.requests_in_flight, questions, files=survey.files, processes=workers
    )
    quotas = Quotas(
        requests_in_flight=in_flight * workers,
        requests_per_minute=settings.requests_per_minute,
        nano_usd_per_minute=_spending(settings, vertex=service.vertex),
        limits=job_limits(vertex=service.vertex),
        enqueued={}
        if service.vertex
        else {name: enqueued_limit(name, settings.usage_tier).tokens for name in models},
    )
    batch = has_place_for_jobs(settings, service, temp_location)
    choices = [tier for tier in CHOICES if batch or tier is not ServiceTier.BATCH]
    rates = rates_of(service, inquiry.on, settings.check_packs)
    asked = tuple(asked_at_tiers(questions.tasks, survey, rates, quotas, choices))
    mix = cheapest_in_time(asked, seconds, quotas)
    deadline, fits = None, True
    if mix and mix.waits:
        fallbacks = {
            name: fallback_of(settings, find_model(name, vertex=service.vertex), service)
            for name in models
        }
        deadline, fits = deadline_of(mix, asked, fallbacks, seconds, quotas)
    return MixInTime(seconds, asked, quotas, mix, fastest(asked, quotas), deadline, fits)


def _spending(settings: Settings, *, vertex: bool) -> int | None:
    """The least nano-dollars a minute that a flag or Google allows; None without a limit."""
    given = settings.usd_per_minute
    limits = [read_dollars(given, "usd_per_minute")] if given else []
    if not vertex:
        limits.append(spend_limit(settings.usage_tier))
    return min(limits, default=None)
