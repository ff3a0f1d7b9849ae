"""What the records of caches come to."""

from __future__ import annotations

from datetime import UTC, datetime

from tierwise.answerer import Answerer, ServiceKind
from tierwise.journal.cache_records import CacheOrder, CacheRecord, cost_rows
from tierwise.records import MediaResolution, ServiceTier


def record(number: int, *tasks: str, worst: int) -> CacheRecord:
    return CacheRecord(
        CacheOrder(
            key=f"ab-{number}",
            display_name=f"tierwise run ab-{number}",
            model="gemini-3.1-flash-lite",
            place="the Developer API",
            answerer=Answerer(ServiceKind.DEVELOPER, ""),
            tasks=tasks,
            media_resolution=MediaResolution.LOW,
            service_tier=ServiceTier.STANDARD,
            worst=worst,
            at=datetime(2026, 12, 1, tzinfo=UTC),
        )
    )


def test_caches_of_one_task_have_one_row() -> None:
    rows = cost_rows([record(0, "a", worst=10), record(1, "a", "b", worst=5)])
    assert sorted((key.task, totals.spent.maybe_billed) for key, totals in rows) == [
        ("a", 13),
        ("b", 2),
    ]
    assert len({key for key, _ in rows}) == len(rows)
