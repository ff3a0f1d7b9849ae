"""What flags ask of whom: tasks, calibration and service, refused where they cannot be had.

This module stays light: `plan` must not wait for Beam.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import yaml

from tierwise.accounts.admission import read_dollars
from tierwise.answerer import Answerer, ServiceKind
from tierwise.beam_pipeline.example_pictures import pictures_in
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.given_text import read_text
from tierwise.calibration.calibration_file import Calibration, read_calibration
from tierwise.emulated import Identity
from tierwise.errors import InputError, PriceError, TasksError
from tierwise.gemini.concurrency import PATIENCE_S
from tierwise.gemini.service import Service, secret_location
from tierwise.gemini.who_answers import emulator_at
from tierwise.prices.price_rows import Price, load_prices
from tierwise.questions import Questions, questions_of
from tierwise.records import ServiceTier
from tierwise.storage.files import files_for
from tierwise.storage.seen_from import folder_of, place_of
from tierwise.tasks import Tasks, default_tasks, load_tasks
from tierwise.version import VERSION

# What batch jobs leave may be asked at flex.
_TIMEOUT_S = {ServiceTier.FLEX: 900.0, ServiceTier.BATCH: 900.0}
_STANDARD_TIMEOUT_S = 120.0
# A picture of 4K takes minutes, and one that nobody waits for is billed all the same.
_DRAWING_TIMEOUT_S = 600.0
# More than two time-outs, for what is under way when everything begins to fail.
_PATIENCE_S = {ServiceTier.FLEX: 1800.0, ServiceTier.BATCH: 1800.0}
_DRAWING_PATIENCE_S = 1500.0


def questions_to_ask(settings: Settings, tasks: Tasks, on: date) -> tuple[Questions, list[str]]:
    """The questions of the flags about these tasks, and what to warn of.

    Raises:
        InputError: the calibration cannot be read, or no longer fits.
    """
    return questions_of(
        tasks,
        calibration=calibration_of(settings.calibration),
        answerer=answerer_of(settings),
        on_stale=settings.on_stale,
        follows_pictures=settings.routing != "task",
        audit_rate=settings.audit_rate,
        local=Decimal(settings.local) if settings.local else None,
        on=on,
    )


def tasks_of(settings: Settings) -> Tasks:
    """The tasks of `--tasks`, or the built-in ones, at the tier of `--service_tier`.

    Who calls a verb as a function may have given their content in place of a file.

    Raises:
        TasksError: the file cannot be read, or is malformed.
    """
    if not settings.tasks:
        return at_tier(default_tasks(), settings.service_tier)
    if isinstance(settings.tasks, Tasks):
        return at_tier(settings.tasks, settings.service_tier)
    if isinstance(settings.tasks, Mapping):
        return at_tier(written_tasks(settings.tasks), settings.service_tier)
    text = read_text("tasks", settings.tasks, TasksError)
    return at_tier(tasks_in(text, path=settings.tasks), settings.service_tier)


def tasks_in(text: str, path: str = "tasks") -> Tasks:
    """The tasks of a text, with the files that they name, as seen from where `path` lies.

    A text that lies nowhere is at home where the command is given.

    Raises:
        TasksError: they are malformed, or a file cannot be read.
    """
    folder = folder_of(path)

    def read(name: str) -> tuple[str, bytes]:
        place = place_of(folder, name)
        return place, files_for(place).read(place)

    return load_tasks(text, path=path, read=read, pictures=pictures_in(folder))


def written_tasks(written: Mapping[str, Any]) -> Tasks:
    """The tasks of a file's content; raises TasksError where they are malformed."""
    text = yaml.safe_dump(_plain(written), sort_keys=False, allow_unicode=True)
    return tasks_in(text)


def _plain(value: Any) -> Any:
    """Without the line numbers that Beam YAML keeps in mappings."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if not str(k).startswith("__")}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def at_tier(tasks: Tasks, tier: str | None) -> Tasks:
    """The tasks, all at the tier of `--service_tier` where it is given."""
    if not tier:
        return tasks
    named = ServiceTier(tier)
    return tasks.with_routes({t.name: replace(t.route, service_tier=named) for t in tasks.tasks})


def calibration_of(path: str | None) -> Calibration | None:
    """The calibration of `--calibration`, None without.

    Raises:
        InputError: the file cannot be read.
    """
    if not path:
        return None
    try:
        data = files_for(path).read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"--calibration={path}: cannot be read: {reason}.") from error
    return read_calibration(data, path=path)


def calibrated_versions(path: str | None) -> dict[str, list[str]]:
    """By task, the versions of the model that answered at the route that a calibration chose."""
    calibration = calibration_of(path)
    if calibration is None:
        return {}
    choices = {name: task.choice for name, task in calibration.tasks.items()}
    return {
        name: list(choice.route(choice.chosen).figures.model_versions)
        for name, choice in choices.items()
    }


def cap_of(settings: Settings) -> int | None:
    """The cap of `--max_cost_usd` in nano-dollars, None without.

    Raises:
        InputError: it is not a plain amount.
    """
    dollars = settings.max_cost_usd
    return None if dollars is None else read_dollars(dollars, "max_cost_usd")


def negotiated_prices(path: str | None) -> tuple[Price, ...]:
    """The prices of `--prices`, none without.

    Raises:
        PriceError: the file cannot be read, or is malformed.
    """
    return load_prices(read_text("prices", path, PriceError), path) if path else ()


def service_of(settings: Settings, project: str, questions: Questions) -> Service:
    """Who answers; `project` is Beam's, for Vertex AI.

    Raises:
        InputError: an address, a project or a tier that this service does not have.
    """
    kind = ServiceKind(settings.gemini)
    tiers = {tier for task in questions.tasks for tier in task.tiers}
    service = Service(
        kind=kind,
        endpoint=(settings.gemini_endpoint or "").rstrip("/"),
        project=settings.gemini_project or project,
        location=settings.gemini_location,
        timeout_s=settings.request_timeout_s
        or _slowest(questions, _TIMEOUT_S, _STANDARD_TIMEOUT_S, _DRAWING_TIMEOUT_S),
        prices=negotiated_prices(settings.prices),
        key_secret=_key_secret(settings.api_key_secret, kind),
        emulator=emulator_of(settings),
    )
    if kind is ServiceKind.VERTEX and not service.project:
        raise InputError("--gemini=vertex needs a project: give --gemini_project or --project.")
    if service.regional and tiers & {ServiceTier.FLEX, ServiceTier.PRIORITY}:
        raise InputError(
            f"--gemini_location={service.location}: Vertex AI serves flex and priority at the "
            "location global alone, and elsewhere ignores them without a word. "
            "Use --gemini_location=global or --service_tier=standard."
        )
    return service


def patience_of(settings: Settings, questions: Questions) -> float:
    """Seconds of nothing but failures after which a run asks no more."""
    return settings.give_up_after_s or _slowest(
        questions, _PATIENCE_S, PATIENCE_S, _DRAWING_PATIENCE_S
    )


def flex_fallback_of(settings: Settings, questions: Questions) -> ServiceTier | None:
    """The tier for what flex has no room for, None to wait for flex.

    Raises:
        InputError: nothing is asked at the flex tier.
    """
    if not settings.flex_fallback:
        return None
    flexible = {ServiceTier.FLEX, ServiceTier.BATCH}
    if not any(flexible & task.tiers for task in questions.tasks):
        raise InputError(
            f"--flex_fallback={settings.flex_fallback}: nothing is asked at the flex tier. "
            "Leave it out, or give --service_tier=flex."
        )
    return ServiceTier(settings.flex_fallback)


def _slowest(
    questions: Questions,
    by_tier: Mapping[ServiceTier, float],
    otherwise: float,
    drawing: float,
) -> float:
    least = drawing if any(task.answer.draws() for task in questions.tasks) else 0.0
    tiers = (by_tier.get(tier, otherwise) for task in questions.tasks for tier in task.tiers)
    return max(least, *tiers)


def _key_secret(name: str | None, kind: ServiceKind) -> str:
    if not name:
        return ""
    secret_location(name)
    if kind is not ServiceKind.DEVELOPER:
        raise InputError(
            f"--api_key_secret: --gemini={kind} takes no key. Leave it out, or give "
            "--gemini=developer."
        )
    return name


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if endpoint and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise InputError(
            f"--gemini_endpoint={endpoint}: no web address. Write it like http://127.0.0.1:8765."
        )
    if parts.username or parts.password or parts.query:
        # The flag goes into run.json as it is.
        raise InputError(
            f"--gemini_endpoint, host {parts.hostname}: what stands before @ or after ? may be a "
            "secret, and flags are no place for one. Leave it out."
        )


def answerer_of(settings: Settings) -> Answerer:
    """Who answers, as far as can be told before anything is asked.

    Raises:
        InputError: the endpoint is no address.
    """
    return Service(ServiceKind(settings.gemini), emulator=emulator_of(settings)).answerer


def emulator_of(settings: Settings) -> str:
    """What the emulator that answers says of itself, empty where none does.

    The embedded one is asked once it runs: see `reachable`.

    Raises:
        InputError: the endpoint is no address.
    """
    endpoint = (settings.gemini_endpoint or "").rstrip("/")
    _check_endpoint(endpoint)
    if endpoint:
        return emulator_at(endpoint)
    return Identity(VERSION).header if settings.gemini == ServiceKind.EMULATOR else ""
