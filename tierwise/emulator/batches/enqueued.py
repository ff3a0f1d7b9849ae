"""How many tokens may wait in batch jobs of the Developer API, per model.

The jobs that count are those that have not ended, and those that were cancelled in the last two
days: their tokens stay enqueued (python-genai issue 2495).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tierwise.emulator.batches.jobs import CANCELLED, BatchJob
from tierwise.emulator.refusals import Refusal, quota_failure

MOST_JOBS = 100
_HELD = timedelta(hours=48)
_METRIC = "batch_enqueued_tokens"


def check_room(
    model: str, tokens: int, jobs: Iterable[BatchJob], now: datetime, limit: int | None
) -> None:
    """Refuse a job that there is no room for; `limit` None is without limit.

    Raises:
      Refusal: 429.
    """
    jobs = list(jobs)
    if sum(not job.is_over for job in jobs) >= MOST_JOBS:
        raise _exhausted(model, "BatchConcurrentJobsPerProject", MOST_JOBS)
    held = sum(job.tokens for job in jobs if job.call.model == model and _holds(job, now))
    if limit is not None and held + tokens > limit:
        raise _exhausted(model, "BatchEnqueuedTokensPerProjectPerModel", limit)


def _holds(job: BatchJob, now: datetime) -> bool:
    return not job.is_over or (job.state == CANCELLED and now - job.created < _HELD)


def _exhausted(model: str, quota: str, limit: int) -> Refusal:
    return Refusal(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        details=[quota_failure(quota, _METRIC, model, str(limit))],
    )
