"""From settings to a job, with everything refused that can be refused before a worker starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from tierwise.answering.groups import group_name
from tierwise.answering.plan import Plan
from tierwise.beam_pipeline.asked import (
    cap_of,
    check_columns,
    check_cost_by,
    check_groups,
    check_prices,
    emulated,
    flex_fallback_of,
    patience_of,
    service_of,
    today,
)
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.referenced import check_references
from tierwise.errors import InputError
from tierwise.gemini.service import Service
from tierwise.images.limits import Limits
from tierwise.journal.journal_files import JournalFiles, capped_digits, shard_digits
from tierwise.journal.run_id import new_run_id
from tierwise.report.task_facts import asked_prices, asked_tasks
from tierwise.storage.files import files_for, join
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Input, Named, list_names, starts_at
from tierwise.storage.overlap import check_not_itself
from tierwise.storage.request_files import RequestFiles
from tierwise.tasks import Tasks
from tierwise.transforms.share_near_duplicates import Likeness
from tierwise.version import VERSION


def build_job(settings: Settings, tasks: Tasks, *, project: str, workers: int) -> Job:
    """What to run.

    Args:
        settings: the flags of `run`.
        tasks: what to ask.
        project: Beam's `--project`, for Vertex AI.
        workers: processes that share `--requests_per_minute`.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    service = _service(settings, project, tasks)
    cap = cap_of(settings)
    found = find_input(settings.input, excluded=settings.output)
    check_not_itself(found, settings.output)
    _check_names(settings, tasks, found, service)
    files, ungrouped = _count_names(tasks, found)
    job = _job(settings, tasks, found, service, cap, files=files, workers=workers)
    return replace(job, facts=job.facts | {"ungrouped_files": ungrouped}) if ungrouped else job


def job_about(
    settings: Settings, tasks: Tasks, found: Input, *, files: int, project: str, workers: int
) -> Job:
    """What to ask about images that others list: `found` has their columns, `files` is how many.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    service = _service(settings, project, tasks)
    cap = cap_of(settings)
    _check_names(settings, tasks, found, service)
    return _job(settings, tasks, found, service, cap, files=files, workers=workers)


def _service(settings: Settings, project: str, tasks: Tasks) -> Service:
    service = service_of(settings, project, tasks)
    check_prices(tasks, service, today())
    return service


def _check_names(settings: Settings, tasks: Tasks, found: Input, service: Service) -> None:
    path = settings.tasks or "the built-in tasks"
    check_columns(tasks, found, path)
    check_groups(tasks, found, path)
    check_cost_by(settings.cost_by, found)
    near_duplicates = settings.near_duplicates is not None
    check_references(tasks, service, found, path, near_duplicates=near_duplicates)


def _job(
    settings: Settings,
    tasks: Tasks,
    found: Input,
    service: Service,
    cap: int | None,
    *,
    files: int,
    workers: int,
) -> Job:
    output = writable(settings.output)
    run_id = new_run_id()
    digits = shard_digits(files) if cap is None else capped_digits(files)
    rate = settings.requests_per_minute
    kept = settings.log_requests
    plan = Plan(
        tasks=tasks,
        service=service,
        journal=JournalFiles(join(output, "journal"), run_id, digits),
        requests_in_flight=settings.requests_in_flight,
        requests_per_minute=rate / workers if rate else None,
        patience_s=patience_of(settings, tasks),
        flex_fallback=flex_fallback_of(settings, tasks),
        request_files=RequestFiles(join(output, "requests"), run_id, kept) if kept else None,
        limits=Limits(accept_truncated=settings.accept_truncated),
    )
    facts = {
        "tierwise": VERSION,
        "run_id": run_id,
        "emulated": emulated(service.kind, service.endpoint),
        "service_tiers": {task.name: str(task.route.service_tier) for task in tasks.with_rows},
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "flags": {name: value for name, value in vars(settings).items() if value is not None},
        "asked": asked_tasks(tasks, found.columns),
        "prices": asked_prices(
            (task.route.model for task in tasks.tasks),
            datetime.now(UTC).date(),
            regional=service.regional,
            prices=service.prices,
        ),
        "relative_to": starts_at(found),
        "files": files,
    }
    return Job(found, output, plan, facts, settings.cost_by or "", cap, _likeness(settings))


def _likeness(settings: Settings) -> Likeness | None:
    distance: int | None = settings.near_duplicates
    return None if distance is None else Likeness(distance, settings.near_duplicates_audit)


def _count_names(tasks: Tasks, found: Input) -> tuple[int, dict[str, int]]:
    """The names of the archive, and per task that asks groups how many belong to none."""
    if found.about is not None:  # only a manifest, which is never cut, has names without a group
        return found.about, {}
    count, ungrouped = 0, dict[str, int]()
    for name in list_names(found):
        if isinstance(name, Named):
            count += 1
            for task in tasks.of_groups:
                if task.per and group_name(name.uri, name.columns, task.per.by) is None:
                    ungrouped[task.name] = ungrouped.get(task.name, 0) + 1
    return count, ungrouped


def warnings_about_groups(job: Job) -> Iterator[str]:
    """Which images will not be asked, because the manifest puts them into no group."""
    for name, files in job.facts.get("ungrouped_files", {}).items():
        per = job.plan.tasks.task(name).per
        yield (
            f"task {name!r} does not ask {files:,} of the {job.facts['files']:,} files: their "
            f"column {per.by if per else name!r} is empty."
        )


def writable(output: str) -> str:
    """The output folder without a trailing slash, after a file was written into it.

    That file is gone again, and so is the folder if it was not there: a run that is refused, or
    only built, leaves nothing.
    """
    folder = output.rstrip("/") or output
    try:
        files_for(folder).try_to_write(folder)
    except OSError as error:
        raise unwritable(output, error) from error
    return folder


def unwritable(output: str, error: OSError) -> InputError:
    """The refusal of an output folder, before anything is asked."""
    reason = error.strerror or type(error).__name__
    return InputError(f"--output={output}: cannot be written: {reason}.")
