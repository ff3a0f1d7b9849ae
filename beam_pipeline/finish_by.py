"""`--finish_by`: the tiers of all tasks, chosen before a run so that it ends in time.

The same command later, which collects batch jobs, finds the choice of its first start in `run.json`
and keeps it: a question that waits in a job must not be asked elsewhere meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tierwise.accounts.table_names import RUN_FILE
from tierwise.beam_pipeline.asked import questions_to_ask
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.times import read_moment
from tierwise.beam_pipeline.inquiry import inquiry_of
from tierwise.beam_pipeline.last_tables import memory_of
from tierwise.beam_pipeline.mix_in_time import mix_in_time
from tierwise.beam_pipeline.terminal.mix_lines import mix_lines, mix_row, shortfall
from tierwise.errors import InputError
from tierwise.images.limits import Limits
from tierwise.json_text import read_json_text
from tierwise.known_files import NOTHING_KNOWN
from tierwise.records import ServiceTier
from tierwise.storage.files import files_for, join
from tierwise.surveying.forecasting import survey_of
from tierwise.tasks import Tasks

# In `run.json`: what was chosen, and the sentences that were said about it.
FINISH_BY, TOLD = "finish_by", "told"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Flags and tasks as they are asked to end in time; `facts` go into `run.json`."""

    settings: Settings
    tasks: Tasks
    facts: Mapping[str, Any]


def chosen_in_time(
    settings: Settings,
    tasks: Tasks,
    *,
    project: str,
    temp_location: str,
    now: datetime,
    on: date,
    workers: int,
) -> Chosen:
    """The choice of this command: that of its first start into this output, or a new one.

    Args:
        settings: the flags of `run`, `--finish_by` among them.
        tasks: as the tasks file has them.
        project: Beam's.
        temp_location: Beam's.
        now: when the run begins.
        on: the day whose prices hold.
        workers: processes that ask at a time.

    Raises:
        InputError: the time is over, or no mix of tiers ends by then.
    """
    by = read_moment(settings.finish_by, FINISH_BY)
    if before := _chosen_before(settings.output, by):
        line = f"To end by {_shown(by)}: the tiers of this run's first start."
        return _applied(settings, tasks, {**before, TOLD: [line]})
    if by <= now:
        raise InputError(
            f"--finish_by={settings.finish_by}: is over; it is {_shown(now.astimezone())} here."
        )
    questions, _ = questions_to_ask(settings, tasks, on)
    inquiry = inquiry_of(settings, questions, project=project, on=on, temp_location=temp_location)
    survey = survey_of(
        inquiry.found,
        questions,
        settings.output,
        inquiry.reading,
        shares_alike=settings.near_duplicates is not None,
        first=settings.first,
        limits=Limits(pages=settings.max_pages, accept_truncated=settings.accept_truncated),
        memory=memory_of(settings, inquiry.found) or NOTHING_KNOWN,
    )
    seconds = (by - now) // timedelta(seconds=1)
    found = mix_in_time(
        settings, inquiry, survey, seconds, temp_location=temp_location, workers=workers
    )
    if found.mix is None:
        raise InputError(f"--finish_by={settings.finish_by}: {shortfall(found)}")
    facts = {"by": by.isoformat(), **mix_row(found), TOLD: list(mix_lines(found))}
    return _applied(settings, tasks, facts)


def _applied(settings: Settings, tasks: Tasks, facts: Mapping[str, Any]) -> Chosen:
    tiers = {name: ServiceTier(tier) for name, tier in facts["tiers"].items()}
    routes = {
        task.name: replace(task.route, service_tier=tiers[task.name])
        for task in tasks.tasks
        if task.name in tiers
    }
    deadline = settings.batch_deadline or facts["batch_deadline_s"]
    changed = Settings(**{**vars(settings), "batch_deadline": deadline})
    return Chosen(changed, tasks.with_routes(routes), facts)


def _chosen_before(output: str, by: datetime) -> Mapping[str, Any] | None:
    """What an earlier start into this output has chosen for this very time, None for nothing."""
    uri = join(output.rstrip("/") or output, RUN_FILE)
    try:
        facts = read_json_text(files_for(uri).read(uri))[FINISH_BY]
        same = bool(datetime.fromisoformat(facts["by"]) == by)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(facts) if same else None


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}".strip()
