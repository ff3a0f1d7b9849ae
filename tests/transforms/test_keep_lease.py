"""Whoever works for a run on a cluster says that it goes on, and stops when it is another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tierwise.journal.run_record import RunRecord
from tierwise.journal.run_records import Lease, take_lease
from tierwise.storage.process import Process
from tierwise.transforms import keep_lease as keeping
from tierwise.transforms.keep_lease import KeepLease, keep_lease


def record(run_id: str, *, silent_for: timedelta = timedelta(0)) -> RunRecord:
    then = (datetime.now(UTC) - silent_for).isoformat()
    return RunRecord(run_id, Process.this(), 3, 1, then, then, handed_over=True)


@pytest.fixture
def lease_of(tmp_path: Path) -> Callable[..., Lease]:
    def take(run_id: str, **of: timedelta) -> Lease:
        return take_lease(str(tmp_path / "runs"), record(run_id, **of))

    return take


def test_what_comes_goes_on_and_the_lease_is_renewed(lease_of: Callable[..., Lease]) -> None:
    lease = lease_of("renewed", silent_for=timedelta(minutes=5))
    assert sorted([3, 1, 2] | KeepLease(lease)) == [1, 2, 3]
    [kept] = replace(lease, number=lease.number + 1).earlier_runs()
    silent = datetime.now(UTC) - datetime.fromisoformat(kept.record.heartbeat_at)
    assert silent < timedelta(minutes=1)
    assert lease.untraced_requests() == 3  # one process has joined


def test_who_keeps_a_lease_stops_when_its_run_has_ended(
    lease_of: Callable[..., Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_LOOK_S", (0.01, 0.02))
    before, lease = set(threading.enumerate()), lease_of("ends")
    assert [1] | KeepLease(lease) == [1]
    [keeper] = (t for t in threading.enumerate() if t.name == "tierwise-signs" and t not in before)
    lease.end(untraced_requests=0)
    keeper.join(timeout=60)
    assert not keeper.is_alive()


def test_a_lease_that_was_lost_ends_the_work(lease_of: Callable[..., Lease]) -> None:
    lost = lease_of("lost", silent_for=timedelta(days=2))
    lease_of("newer")
    with pytest.raises(Exception, match="another run, newer"):
        [1] | KeepLease(lost)


def test_without_a_lease_nothing_stands_between() -> None:
    some = object()
    assert keep_lease(some, None, "Keep") is some
