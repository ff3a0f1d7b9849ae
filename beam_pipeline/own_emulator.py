"""An emulator of the run's own, where nobody else is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.launch import answered_at
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.gemini.who_answers import emulator_at


@contextmanager
def reachable(settings: Settings, job: Job) -> Iterator[Job]:
    """The job, pointed at an emulator of its own when it has no other place to ask.

    Raises:
        InputError: the emulator's files cannot be used; so nothing should be told before.
    """
    service = job.plan.service
    if service.kind is not ServiceKind.EMULATOR or service.endpoint:
        yield job
        return
    config = EmulatorConfig(
        latency_ms=settings.emulator_latency_ms,
        faults=settings.emulator_faults or "",
        knows=settings.emulator_knows or "",
        prices=settings.prices or "",
        sees=settings.emulator_sees,
        errors_at_random=settings.emulator_errors_at_random,
        errors_where_unclear=settings.emulator_errors_where_unclear,
        interference=settings.emulator_interference,
        exit_with_parent=True,
    )
    with running_emulator(config) as base_url:
        yield answered_at(job, base_url, emulator_at(base_url))
