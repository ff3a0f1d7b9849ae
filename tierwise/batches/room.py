"""How much more may be handed in: Google refuses what exceeds its limits; trials go first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tierwise.batches.enqueued import CANCELLED_COUNTS_S, enqueued_limit
from tierwise.batches.job_files import BatchJob
from tierwise.job_limits import job_limits


@dataclass(slots=True)
class Room:
    """What waits at the service now: `tokens` by model, and how many jobs.

    `trials` are the kinds of which a trial is open.
    """

    vertex: bool
    usage_tier: int
    tokens: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    trials: set[tuple[str, str]] = field(default_factory=set)

    def takes(self, job: BatchJob) -> bool:
        """Whether one more job may be handed in; of a model of which nothing waits, any may."""
        order = job.order
        if order.kind in self.trials and not order.trial:
            return False
        if self.vertex:
            return True
        most = job_limits(vertex=False).jobs
        if most is not None and self.jobs >= most:
            return False
        waiting = self.tokens[order.model]
        limit = enqueued_limit(order.model, self.usage_tier).tokens
        return not waiting or waiting + order.tokens <= limit

    def add(self, job: BatchJob) -> None:
        """Count one that was handed in."""
        self.tokens[job.order.model] += job.order.tokens
        self.jobs += 1


def room_beside(
    jobs: Iterable[BatchJob], *, vertex: bool, usage_tier: int, now: datetime | None = None
) -> Room:
    """What these jobs leave; the tokens of a cancelled one count for two days more."""
    room, now = Room(vertex, usage_tier), now or datetime.now(UTC)
    for job in jobs:
        if job.open and job.order.trial:
            room.trials.add(job.order.kind)
        if job.enqueued:
            room.add(job)
        elif job.cancelled_at:
            since = now - datetime.fromisoformat(job.cancelled_at)
            if since.total_seconds() < CANCELLED_COUNTS_S:
                room.tokens[job.order.model] += job.order.tokens
    return room
