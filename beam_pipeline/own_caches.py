"""Deletes caches that runs into an output made: those of earlier runs, then those of its own.

They expire within minutes by themselves, and are billed until then in any case; those that rows of
batch jobs name live as long as these may, and stay until they have been collected. Those of others,
and of runs into other outputs, are never looked at: only what the journal tells of is deleted.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module

from tierwise.beam_pipeline.job import Job
from tierwise.errors import JournalError
from tierwise.journal.cache_records import left_caches

# A run that is being ended waits no longer: the next start deletes what is there still.
_GRACE_S = 1.5


def clear_orphans(job: Job) -> int:
    """Delete what runs before this one left, killed ones included; gives how many."""
    return _clear(job, but=(job.plan.journal.run_id,))


def clear_own(job: Job) -> int:
    """Delete all that is left, this run's among them; nobody may ask for it any more."""
    return _clear(job, but=())


def clear_own_at_once(job: Job) -> None:
    """The same for a run that is being ended, as far as it is done within a moment.

    In a thread of its own: what was interrupted in this one may hold what is needed.
    """

    def clear() -> None:
        with suppress(OSError):  # the journal cannot be read or written: it expires by itself
            clear_own(job)

    thread = threading.Thread(target=clear, name="tierwise-caches", daemon=True)
    thread.start()
    thread.join(_GRACE_S)


def _clear(job: Job, but: tuple[str, ...]) -> int:
    service, journal = job.plan.service, job.plan.journal.folder
    left = left_caches(journal, service.place, service.answerer, datetime.now(UTC), but=but)
    if not left:  # Google's library takes long to import
        return 0
    try:
        needed = _needed(job)
    except JournalError:  # nobody knows: they expire by themselves
        return 0
    deleted: int = import_module("tierwise.gemini.clear_caches").clear_caches(
        service,
        journal,
        {run: [one for one in some if one.name not in needed] for run, some in left.items()},
    )
    return deleted


def _needed(job: Job) -> set[str]:
    """The names of caches that rows of batch jobs may still begin with."""
    jobs = job.terms.files(job.plan.journal).all()
    return {name for one in jobs if one.open for name in one.caches.values()}
