"""From an inquiry to a job: where it writes, how it asks, and what `run.json` opens with."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from tierwise.accounts.admission import read_dollars
from tierwise.accounts.column_names import (
    FOR_BIGQUERY,
    named_for_bigquery,
    refused_by_bigquery,
)
from tierwise.accounts.table_names import ANSWERS, FAILURES, PAGE_FILE
from tierwise.answerer import Answerer
from tierwise.answering.groups import group_name
from tierwise.answering.plan import Plan, requests_at_a_time
from tierwise.batches.batch_plan import BatchPlan
from tierwise.batches.job_files import JobFiles
from tierwise.batches.terms import Terms
from tierwise.batches.watch import Rules
from tierwise.beam_pipeline.asked import (
    calibrated_versions,
    patience_of,
    questions_to_ask,
)
from tierwise.beam_pipeline.batch_checks import has_open_jobs
from tierwise.beam_pipeline.cache_reserve import cache_reserve
from tierwise.beam_pipeline.continued_run import continued_run
from tierwise.beam_pipeline.finish_by import FINISH_BY, chosen_in_time
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.inquiry import Inquiry, inquiry_of
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.last_tables import memory_of, parts_in
from tierwise.beam_pipeline.local_answers import local_plan, why_none
from tierwise.beam_pipeline.writable import writable
from tierwise.images.limits import Limits
from tierwise.journal.journal_files import JournalFiles, capped_digits, shard_digits
from tierwise.journal.run_id import new_run_id
from tierwise.prices.price_day import price_day
from tierwise.publishing.own_page import check_page
from tierwise.questions import Questions
from tierwise.report.task_facts import asked_prices, asked_tasks
from tierwise.storage.files import join
from tierwise.storage.gcs_names import SCHEME
from tierwise.storage.listing import Input, InputKind, starts_at
from tierwise.storage.request_files import REQUESTS, RequestFiles
from tierwise.surveying.archive_names import archive_names
from tierwise.tasks import Tasks
from tierwise.transforms.share_near_duplicates import Likeness
from tierwise.version import VERSION

_SEED = 20261201


def job_of_tasks(
    settings: Settings,
    tasks: Tasks,
    *,
    project: str,
    now: datetime,
    workers: int,
    temp_location: str = "",
    found: Input | None = None,
    files: int | None = None,
) -> tuple[Job, list[str]]:
    """What `run` runs by these flags and tasks, and what to warn of: see `build_job`.

    `project` and `temp_location` are Beam's, for Vertex AI; `found` has the columns of images that
    others list.

    Raises:
        InputError: something is wrong that a person can put right; nothing was spent.
    """
    chosen = None
    if settings.finish_by and found is None:
        chosen = chosen_in_time(
            settings,
            tasks,
            project=project,
            temp_location=temp_location,
            now=now,
            on=price_day(now),
            workers=workers,
        )
        settings, tasks = chosen.settings, chosen.tasks
    questions, warnings = questions_to_ask(settings, tasks, price_day(now))
    inquiry = inquiry_of(
        settings,
        questions,
        project=project,
        on=price_day(now),
        temp_location=temp_location,
        found=found,
    )
    job = build_job(settings, inquiry, now=now, workers=workers, files=files)
    if chosen:
        job = replace(job, facts={**job.facts, FINISH_BY: chosen.facts})
    return job, warnings


def build_job(
    settings: Settings, inquiry: Inquiry, *, now: datetime, workers: int, files: int | None = None
) -> Job:
    """What to run.

    Args:
        settings: the flags of `run`.
        inquiry: what is asked of whom; all that can be refused has been.
        now: when the run begins.
        workers: processes that share `--requests_per_minute` and `--usd_per_minute`.
        files: how many images there are, where others list them; None to count.

    Raises:
        InputError: the output cannot be written.
    """
    questions, service, found = inquiry.questions, inquiry.service, inquiry.found
    ungrouped = dict[str, int]()
    if files is None:
        files, ungrouped = _count_names(questions, found)
    output = writable(settings.output)
    check_page(join(output, PAGE_FILE))
    told = _who_is_asked_what(inquiry)
    run_id = continued_run(output, settings, told) or new_run_id(now)
    asked = min(files, settings.first or files)
    digits = (
        shard_digits(asked)
        if inquiry.cap is None
        else capped_digits(asked, ordered=bool(settings.order_by))
    )
    rate, kept = settings.requests_per_minute, settings.log_requests
    spending = settings.usd_per_minute
    dollars = read_dollars(spending, "usd_per_minute") if spending else 0
    journal = JournalFiles(join(output, "journal"), run_id, digits, reading=inquiry.reading)
    local = local_plan(
        settings,
        questions,
        files=asked,
        journal=journal.folder,
        answerer=service.answerer,
        run_id=run_id,
    )
    if local:
        questions = questions.with_roles(local.roles, local.models)
        inquiry = replace(inquiry, questions=questions)
    facts = _facts(settings, inquiry, run_id, now, files=files, ungrouped=ungrouped)
    if local is None and questions.local_groups:
        facts |= {"local": why_none(questions, asked)}
    plan = Plan(
        questions=questions,
        service=service,
        journal=journal,
        requests_in_flight=requests_at_a_time(
            settings.requests_in_flight, questions, files=asked, processes=workers
        ),
        requests_per_minute=rate / workers if rate else None,
        usd_per_minute=dollars / workers if dollars else None,
        patience_s=patience_of(settings, questions),
        flex_fallback=inquiry.flex_fallback,
        check_packs=settings.check_packs,
        request_files=RequestFiles(join(output, REQUESTS), run_id, kept) if kept else None,
        order_by=settings.order_by or "",
        limits=Limits(
            pages=settings.max_pages,
            accept_truncated=settings.accept_truncated,
            patience_s=patience_of(settings, questions),
        ),
        batches=_batch_plan(settings, inquiry, journal),
        cache_reserve=cache_reserve(inquiry),
        local=local,
    )
    job = Job(
        found=found,
        on=inquiry.on,
        output=output,
        plan=plan,
        facts=facts,
        cost_by=settings.cost_by or "",
        cap=inquiry.cap,
        likeness=_likeness(settings),
        renamed=_renamed(settings, found),
        judged=inquiry.judged,
        first=settings.first,
        counting=inquiry.corrected.counting,
        spoken=bool(inquiry.corrected.facts),
        batches=_batches(settings, inquiry),
        take_over=settings.take_over,
        earlier_tables=_earlier_tables(found, output),
        memory=memory_of(settings, found),
        earlier_rows=parts_in(output, ANSWERS, FAILURES) if settings.only_new else None,
    )
    others = {column: name for column, name in job.wide.names.items() if column != name}
    return replace(job, facts={**job.facts, "wide_columns": others}) if others else job


def _earlier_tables(found: Input, output: str) -> tuple[str, ...]:
    """Parts of tables by which files are known that cannot be read; a bucket's listing tells it."""
    if found.uri.startswith(SCHEME) and found.kind in (InputKind.FOLDER, InputKind.PATTERN):
        return ()
    return tuple(join(output, file) for file in parts_in(output, ANSWERS, FAILURES))


def _batch_plan(settings: Settings, inquiry: Inquiry, journal: JournalFiles) -> BatchPlan | None:
    if not inquiry.batch_fallbacks:
        return None
    files = JobFiles(journal.folder, inquiry.batch_root)
    return BatchPlan(
        files.parts_of(journal.run_id),
        echo_all=settings.batch_echo == "all",
        fallbacks=inquiry.batch_fallbacks,
    )


def _batches(settings: Settings, inquiry: Inquiry) -> Terms | None:
    """How batch jobs are looked after; None where no task is asked by any, and none are open."""
    if not (inquiry.batch_fallbacks or has_open_jobs(settings.output)):
        return None
    rules = Rules(settings.batch_wait, settings.batch_deadline, settings.usage_tier)
    return Terms(rules, inquiry.batch_fallbacks, inquiry.batch_root)


def _facts(
    settings: Settings,
    inquiry: Inquiry,
    run_id: str,
    now: datetime,
    *,
    files: int,
    ungrouped: dict[str, int],
) -> dict[str, Any]:
    """What `run.json` says of a run from its beginning."""
    questions, service, labels = inquiry.questions, inquiry.service, inquiry.found.labels
    facts = {
        "tierwise": VERSION,
        "run_id": run_id,
        **_who_is_asked_what(inquiry),
        "service_tiers": {t.name: str(t.route.service_tier) for t in questions.with_rows},
        "started_at": now.isoformat(timespec="seconds"),
        "flags": {name: value for name, value in vars(settings).items() if value is not None},
        "prices": asked_prices(
            (task.route.model for task in questions.tasks),
            inquiry.on,
            vertex=service.vertex,
            regional=service.regional,
            prices=service.prices,
        ),
        "relative_to": starts_at(inquiry.found),
        "files": files,
    }
    sometimes = {
        "ungrouped_files": ungrouped,
        "calibrated_versions": calibrated_versions(settings.calibration),
        "renamed_columns": _renamed(settings, inquiry.found),
        "corrections": inquiry.corrected.facts,
        "labels_relative_to": labels.relative_to if labels else None,
    }
    return facts | {name: told for name, told in sometimes.items() if told}


def _who_is_asked_what(inquiry: Inquiry) -> dict[str, Any]:
    """What tells one run from another: who answers, and the questions."""
    asked = asked_tasks(inquiry.questions, inquiry.judged)
    return {**answered_by(inquiry.service.answerer), "asked": asked}


def answered_by(answerer: Answerer) -> dict[str, Any]:
    """What `run.json` says of who answered."""
    return {"emulated": answerer.emulated, "answerer": asdict(answerer)}


def answered_at(job: Job, endpoint: str, emulator: str) -> Job:
    """The job at an emulator of its own, which says this of itself."""
    service = replace(job.plan.service, endpoint=endpoint, emulator=emulator)
    reading = replace(job.plan.journal.reading, answerer=service.answerer)
    journal = replace(job.plan.journal, reading=reading)
    plan = replace(job.plan, service=service, journal=journal)
    return replace(job, plan=plan, facts=job.facts | answered_by(service.answerer))


def _renamed(settings: Settings, found: Input) -> dict[str, str]:
    """The manifest's columns that get another name in tables."""
    wanted = settings.column_names == FOR_BIGQUERY
    return named_for_bigquery(found.columns) if wanted else {}


def warnings_about_columns(job: Job) -> Iterator[str]:
    """Which columns a loader would refuse, or have another name in the tables."""
    if "column_names" not in job.facts["flags"]:  # trials, whose tables nobody loads
        return
    for task in job.plan.questions.with_rows:
        nodes = (node.properties for node in task.answer.schema().nodes())
        names = [name for properties in nodes for name, _ in properties]
        if hard := [name for name in names if refused_by_bigquery(name)]:
            yield f"BigQuery refuses the properties {', '.join(map(repr, hard))} of {task.name!r}."
    if job.renamed:
        told = ", ".join(f"{column!r} is {name}" for column, name in job.renamed.items())
        yield f"columns of the manifest that BigQuery refuses are renamed in the tables: {told}."
    elif refused := [name for name in job.found.columns if refused_by_bigquery(name)]:
        yield (
            f"BigQuery refuses tables with the columns {', '.join(map(repr, refused))}; "
            f"--column_names={FOR_BIGQUERY} renames them."
        )


def _likeness(settings: Settings) -> Likeness | None:
    distance: int | None = settings.near_duplicates
    return None if distance is None else Likeness(distance, settings.near_duplicates_audit)


def _count_names(questions: Questions, found: Input) -> tuple[int, dict[str, int]]:
    """The names of the archive, each once, and per task of groups how many are in none, about."""
    if found.about is not None and found.kind is not InputKind.MANIFEST and not found.labels:
        return found.about, {}  # only who has columns has names without a group
    names = archive_names(found, random.Random(_SEED))  # noqa: S311 - no secret depends on it
    ungrouped = Counter(
        task.name
        for name in names.named
        for task in questions.of_groups
        if task.per and group_name(name.uri, name.columns, task.per.by) is None
    )
    return names.files, {task: round(names.scale * some) for task, some in ungrouped.items()}


def warnings_about_groups(job: Job) -> Iterator[str]:
    """Which images will not be asked, because the manifest puts them into no group."""
    for name, files in job.facts.get("ungrouped_files", {}).items():
        per = job.plan.questions.task(name).per
        yield (
            f"task {name!r} does not ask {files:,} of the {job.facts['files']:,} files: their "
            f"column {per.by if per else name!r} is empty."
        )
