"""Which parts make one job. Pure.

Jobs are as large as the service takes: each has its own wait. What a service has never answered in
this form is tried with a small job first, for one row in a wrong form spoils a whole job, and a
wrong form all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tierwise.answerer import Answerer
from tierwise.batches.job_files import JobOrder
from tierwise.batches.part import Part, added_up

# Fewer rows than that are one job, tried or not.
LEAST_TO_TRY = 200


@dataclass(frozen=True, slots=True)
class Most:
    """What one job may hold; `tokens` is None where nothing limits them."""

    rows: int
    bytes: int
    tokens: int | None = None

    def hold(self, parts: Sequence[Part]) -> bool:
        """Whether these fit into one job; a part by itself does, however large."""
        fit = sum(part.rows for part in parts) <= self.rows
        fit = fit and sum(part.bytes for part in parts) <= self.bytes
        tokens = sum(part.tokens for part in parts)
        return len(parts) == 1 or (fit and (self.tokens is None or tokens <= self.tokens))


def orders_of(
    parts: Collection[Part],
    most: Most,
    *,
    known: Collection[tuple[str, str]] | None,
    run_id: str,
    answerer: Answerer,
    place: str,
    at: str,
) -> Iterator[JobOrder]:
    """The jobs that ask these parts, each part in one of them, trials before the others.

    The same parts make the same jobs, whoever asks and in whatever order they come.

    Args:
        parts: what was written down.
        most: what one job may hold.
        known: kinds (model and shape) of which a job has come to a good end; None tries nothing.
        run_id: the run that orders.
        answerer: who will answer.
        place: where its jobs are kept.
        at: the time, ISO 8601.
    """
    kinds: dict[tuple[str, str], list[Part]] = {}
    for part in sorted(parts, key=lambda part: part.folder):
        kinds.setdefault((part.model, part.shape), []).append(part)

    def order(some: Sequence[Part], *, trial: bool = False) -> JobOrder:
        folders = tuple(part.folder for part in some)
        return JobOrder(
            id=hashlib.sha256("\n".join(folders).encode()).hexdigest()[:20],
            run_id=run_id,
            answerer=answerer,
            model=some[0].model,
            shape=some[0].shape,
            parts=folders,
            rows=sum(part.rows for part in some),
            images=sum(part.images for part in some),
            bytes=sum(part.bytes for part in some),
            tokens=sum(part.tokens for part in some),
            worst=sum(part.worst for part in some),
            ordered_at=at,
            trial=trial,
            place=place,
            beginnings=added_up(one for part in some for one in part.beginnings),
        )

    for kind, some in sorted(kinds.items()):
        rest = some
        new = known is not None and kind not in known
        if new and len(some) > 1 and sum(part.rows for part in some) > LEAST_TO_TRY:
            smallest = min(some, key=lambda part: (part.rows, part.folder))
            yield order([smallest], trial=True)
            rest = [part for part in some if part is not smallest]
        yield from map(order, _filled(rest, most))


def _filled(parts: Sequence[Part], most: Most) -> Iterator[list[Part]]:
    """The parts in their order, as many together as fit."""
    job: list[Part] = []
    for part in parts:
        if job and not most.hold([*job, part]):
            yield job
            job = []
        job.append(part)
    if job:
        yield job
