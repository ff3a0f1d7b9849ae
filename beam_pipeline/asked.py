"""What a command line asks of whom: tasks and service, refused where they cannot be had.

This module stays light: `plan` must not wait for Beam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from tierwise.accounts.admission import read_dollars
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.errors import InputError, PriceError, TasksError
from tierwise.gemini.concurrency import PATIENCE_S
from tierwise.gemini.service import Service, ServiceKind, secret_location
from tierwise.models import check_alive, find_model, forwarded
from tierwise.prices.price_changes import price_warning
from tierwise.prices.price_rows import Price, load_prices
from tierwise.prices.prices import find_price
from tierwise.records import ServiceTier
from tierwise.storage.files import files_for
from tierwise.storage.listing import Input
from tierwise.tasks import Tasks, default_tasks, load_tasks
from tierwise.tasks.grouping import BY_FOLDER
from tierwise.tasks.prompts import used_variables

_TIMEOUT_S = {ServiceTier.FLEX: 900.0}
_STANDARD_TIMEOUT_S = 120.0
# More than two time-outs, for what is under way when everything begins to fail.
_PATIENCE_S = {ServiceTier.FLEX: 1800.0}


def tasks_of(settings: Settings) -> Tasks:
    """The tasks of `--tasks`, or the built-in ones, at the tier of `--service_tier`.

    Raises:
        TasksError: the file cannot be read, or is malformed.
    """
    tasks = default_tasks()
    if settings.tasks:
        text = _read_text("tasks", settings.tasks, TasksError)
        tasks = load_tasks(text, path=settings.tasks)
    if settings.service_tier:
        tier = ServiceTier(settings.service_tier)
        routes = {t.name: replace(t.route, service_tier=tier) for t in tasks.tasks}
        tasks = tasks.with_routes(routes)
    return tasks


def cap_of(settings: Settings) -> int | None:
    """The cap of `--max_cost_usd` in nano-dollars, None without.

    Raises:
        InputError: it is no plain amount.
    """
    dollars = settings.max_cost_usd
    return None if dollars is None else read_dollars(dollars, "max_cost_usd")


def negotiated_prices(path: str | None) -> tuple[Price, ...]:
    """The prices of `--prices`, none without.

    Raises:
        PriceError: the file cannot be read, or is malformed.
    """
    return load_prices(_read_text("prices", path, PriceError), path) if path else ()


def _read_text(flag: str, path: str, refusal: type[InputError]) -> str:
    try:
        return files_for(path).read(path).decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise refusal(f"--{flag}={path}: cannot be read: {reason}.") from error
    except UnicodeDecodeError as error:
        raise refusal(
            f"--{flag}={path}: byte {error.start + 1} is no UTF-8. Save it as UTF-8."
        ) from error


def service_of(settings: Settings, project: str, tasks: Tasks) -> Service:
    """Who answers; `project` is Beam's, for Vertex AI.

    Raises:
        InputError: an address, a project or a tier that this service does not have.
    """
    kind = ServiceKind(settings.gemini)
    tiers = {task.route.service_tier for task in tasks.tasks}
    service = Service(
        kind=kind,
        endpoint=(settings.gemini_endpoint or "").rstrip("/"),
        project=settings.gemini_project or project,
        location=settings.gemini_location,
        timeout_s=settings.request_timeout_s or _slowest(tasks, _TIMEOUT_S, _STANDARD_TIMEOUT_S),
        prices=negotiated_prices(settings.prices),
        key_secret=_key_secret(settings.api_key_secret, kind),
    )
    _check_endpoint(service.endpoint)
    if kind is ServiceKind.VERTEX and not service.project:
        raise InputError("--gemini=vertex needs a project: give --gemini_project or --project.")
    if service.regional and tiers & {ServiceTier.FLEX, ServiceTier.PRIORITY}:
        raise InputError(
            f"--gemini_location={service.location}: Vertex AI serves flex and priority at the "
            "location global alone, and elsewhere ignores them without a word. "
            "Use --gemini_location=global or --service_tier=standard."
        )
    return service


def patience_of(settings: Settings, tasks: Tasks) -> float:
    """Seconds of nothing but failures after which a run asks no more."""
    return settings.give_up_after_s or _slowest(tasks, _PATIENCE_S, PATIENCE_S)


def flex_fallback_of(settings: Settings, tasks: Tasks) -> ServiceTier | None:
    """The tier for what flex has no room for, None to wait for flex.

    Raises:
        InputError: nothing is asked at the flex tier.
    """
    if not settings.flex_fallback:
        return None
    if all(task.route.service_tier is not ServiceTier.FLEX for task in tasks.tasks):
        raise InputError(
            f"--flex_fallback={settings.flex_fallback}: nothing is asked at the flex tier. "
            "Leave it out, or give --service_tier=flex."
        )
    return ServiceTier(settings.flex_fallback)


def _slowest(tasks: Tasks, by_tier: Mapping[ServiceTier, float], otherwise: float) -> float:
    return max(by_tier.get(task.route.service_tier, otherwise) for task in tasks.tasks)


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


def today() -> date:
    """The day whose prices hold, and on which models are there or are not."""
    return datetime.now(UTC).date()


def check_prices(tasks: Tasks, service: Service, on: date) -> None:
    """Refuse models that are over, tiers that they lack, and what has no price on that day."""
    for task in tasks.tasks:
        model = find_model(task.route.model)
        check_alive(model, on)
        if task.route.service_tier is ServiceTier.BATCH:
            raise InputError(
                f"task {task.name!r}: the service tier batch is not part of this version yet. "
                "Write standard, flex (which costs as little) or priority."
            )
        if task.route.service_tier not in model.service_tiers:
            offered = ", ".join(model.service_tiers)
            raise InputError(
                f"{model.name} has no service tier {task.route.service_tier}; it has: {offered}."
            )
        for tier in (task.route.service_tier, ServiceTier.STANDARD):
            find_price(model.name, tier, on, prices=service.prices)


def check_columns(tasks: Tasks, found: Input, path: str) -> None:
    """Refuse a prompt with a name that nothing fills; `path` is the tasks file, for the message."""
    missing = [column for column in tasks.manifest_columns if column not in found.columns]
    if missing:
        there = ", ".join(found.columns) or "none"
        name = missing[0]
        users = (
            task.name
            for task in tasks.tasks
            if name in used_variables(task.prompt) and name not in task.variables
        )
        raise TasksError(
            f'{path}, task "{next(users)}", key "prompt": {{{name}}} is no static variable, no '
            f"other task and no column of {found.uri} (columns: {there}). "
            "Add the column or the variable."
        )


def check_cost_by(column: str | None, found: Input) -> None:
    """Refuse `--cost_by` without such a column in the manifest."""
    if column is not None and column not in found.columns:
        there = ", ".join(found.columns) or "none"
        raise InputError(
            f"--cost_by={column}: {found.uri} has no such column (columns: {there}). "
            "Name one of them; columns come with a manifest as --input."
        )


def check_groups(tasks: Tasks, found: Input, path: str) -> None:
    """Refuse groups by a column that is not there; `path` is the tasks file, for the message."""
    for task in tasks.of_groups:
        if task.per and task.per.by not in (BY_FOLDER, *found.columns):
            there = ", ".join(found.columns) or "none"
            raise TasksError(
                f'{path}, task "{task.name}", key "per": {task.per.by!r} is no column of '
                f"{found.uri} (columns: {there}). Add the column, or write folder."
            )


def warnings_about(tasks: Tasks, service: Service, on: date) -> Iterator[str]:
    """What a person should know of the models before money is spent on that day."""
    for name in dict.fromkeys(task.route.model for task in tasks.tasks):
        if warning := check_alive(find_model(name), on):
            yield warning
    routes = ((task.route.model, task.route.service_tier) for task in tasks.tasks)
    for name, tier in dict.fromkeys(routes):
        answering = forwarded(find_model(name), on).name
        if warning := price_warning(answering, tier, on, prices=service.prices):
            yield warning


def emulated(kind: ServiceKind, endpoint: str) -> bool:
    """Whether answers and costs are an emulator's and mean nothing outside."""
    host = urlsplit(endpoint).hostname
    return kind is ServiceKind.EMULATOR or host in ("127.0.0.1", "localhost", "::1")
