"""What runs that were killed may have paid for without an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from tierwise.accounts.admission import Untraced
from tierwise.accounts.tables import usd
from tierwise.journal.intents import UnderWay, intents_of
from tierwise.journal.run_record import RunRecord
from tierwise.journal.run_records import Lease
from tierwise.records import Spent

Counts = Callable[[RunRecord], bool]

_MOST_NAMED = 1_000


def left_under_way(run: Lease) -> UnderWay | None:
    """The requests that it wrote down and did not settle; None where that is not known.

    A machine that stopped may have forgotten the last ones.
    """
    record = run.latest()
    if not record.intents or (record.process.restarted and not record.ended_at):
        return None
    return intents_of(run.folder.rpartition("/")[0], record.run_id)


def untraced(runs: Iterable[Lease], dearest: int, counts: Counts, *, asking: str = "") -> Untraced:
    """The most that requests without a trace may have cost.

    Their own worst cases, where runs wrote them down; else as many as may have been, at the most
    that one of them can cost, which each run's own record says: it may have asked a dearer model.
    `dearest` (nano-dollars) stands for records that do not say, and for what is asked now. Money of
    runs that do not count was never, or never really, paid. Of an earlier start of the run that is
    `asking`, only what was under way counts: its account goes on.
    """
    under_way, told = 0, dict[str, Spent]()
    for run in _counting(runs, counts):
        cost = run.record.dearest_request or dearest
        dearest = max(dearest, cost)
        left, run_id = left_under_way(run), run.record.run_id
        if left is None:
            under_way += run.untraced_requests() * cost
        elif run_id not in told:  # several starts of a run have one account
            under_way += left.worst
            told[run_id] = Spent(cost=left.settled.cost, requests=left.settled.requests)
    told.pop(asking, None)
    return Untraced(under_way, dearest, told)


def named_under_way(runs: Iterable[Lease], counts: Counts) -> list[dict[str, Any]]:
    """Those requests as JSON, at most a thousand: their pictures are asked, and paid, again."""
    return list(islice(_named(_counting(runs, counts)), _MOST_NAMED))


def _counting(runs: Iterable[Lease], counts: Counts) -> Iterator[Lease]:
    return (run for run in runs if counts(run.record))


def _named(runs: Iterable[Lease]) -> Iterator[dict[str, Any]]:
    for run in {run.record.run_id: run for run in runs}.values():
        left = left_under_way(run) or UnderWay()
        for intent in left.opened.values():
            yield {
                "run_id": run.record.run_id,
                "sent_at": intent.at,
                "task": intent.task,
                "model": intent.model,
                "maybe_billed_usd": f"{usd(intent.worst):f}",
                "content_hashes": [content for content, _ in intent.asked],
            }
