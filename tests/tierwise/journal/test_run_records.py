"""One run at a time into an output, and a dead one does not hold it for ever."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tierwise.errors import InputError, LeaseLostError
from tierwise.journal.run_record import DEAD_AFTER, RunRecord, new_record
from tierwise.journal.run_records import Lease, check_lease, end_lease, take_lease
from tierwise.storage.process import Process

ELSEWHERE = Process("another-machine", 1, "another boot/pid:[1]", "99")


def ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="seconds")


def record(run_id: str = "run", **changes: object) -> RunRecord:
    return replace(new_record(run_id, untraced_requests=8, journal_version=1), **changes)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "runs")


@pytest.fixture
def child() -> Iterator[Process]:
    """A process of this machine that is alive until the test ends."""
    code = "from tierwise.storage.process import Process; print(Process.this().began); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        began = process.stdout.readline().strip()
        yield replace(Process.this(), pid=process.pid, began=began)
        process.kill()


def test_a_second_run_is_refused_and_told_who_is_there(folder: str) -> None:
    first = record("run-1", process=ELSEWHERE)
    take_lease(folder, first)
    with pytest.raises(InputError) as caught:
        take_lease(folder, record("run-2"))
    for word in ("run-1", "another-machine", "process 1", first.started_at, "10 minutes"):
        assert word in str(caught.value)


def test_a_run_that_ended_makes_way(folder: str) -> None:
    take_lease(folder, record("run-1", process=ELSEWHERE)).end(untraced_requests=3)
    second = take_lease(folder, record("run-2"))
    assert second.number == 2
    (first,) = [run.record for run in second.earlier_runs()]
    assert (first.run_id, first.untraced_requests) == ("run-1", 3)
    assert first.ended_at


def test_a_run_elsewhere_is_dead_after_a_time_of_silence(folder: str) -> None:
    silent = record("run-1", process=ELSEWHERE, heartbeat_at=ago(DEAD_AFTER))
    take_lease(folder, replace(silent, heartbeat_at=ago(DEAD_AFTER - timedelta(seconds=30))))
    with pytest.raises(InputError, match="run-1"):
        take_lease(folder, record("run-2"))
    Path(folder, "000001.json").unlink()
    take_lease(folder, silent)
    (killed,) = [run.record for run in take_lease(folder, record("run-2")).earlier_runs()]
    assert not killed.ended_at
    assert killed.untraced_requests == 8


@pytest.mark.skipif(not Process.this().space, reason="only Linux tells when a process started")
def test_a_run_of_this_machine_is_dead_when_its_process_is(folder: str, child: Process) -> None:
    take_lease(folder, record("run-1", process=child, heartbeat_at=ago(timedelta(minutes=5))))
    with pytest.raises(InputError, match=f"process {child.pid}"):
        take_lease(folder, record("run-2"))
    reused = replace(child, began="1")  # another process has its number by now
    Path(folder, "000001.json").unlink()
    take_lease(folder, record("run-1", process=reused))
    take_lease(folder, record("run-2")).end(untraced_requests=0)
    take_lease(folder, record("run-3", process=child))
    subprocess.run(["kill", "-9", str(child.pid)], check=True)
    while not child.gone:
        pass
    assert take_lease(folder, record("run-4")).number == 4


@pytest.mark.skipif(not Process.this().space, reason="only Linux tells when a process started")
def test_a_run_that_was_handed_over_outlives_its_launcher(folder: str) -> None:
    gone = replace(Process.this(), began="1")
    lease = take_lease(folder, record("run-1", process=gone, handed_over=True))
    with pytest.raises(InputError, match="run-1 on a cluster, launched from"):
        take_lease(folder, record("run-2"))
    end_lease(folder, "run-2")  # not its own
    end_lease(folder, "run-1")
    end_lease(folder, "run-1")
    (ended,) = [run.record for run in take_lease(folder, record("run-2")).earlier_runs()]
    assert (ended.untraced_requests, bool(ended.ended_at)) == (0, True)
    with pytest.raises(LeaseLostError):
        lease.renew()


def test_what_a_handed_over_run_left_without_a_trace_is_bounded_by_its_workers(
    folder: str,
) -> None:
    old = {"heartbeat_at": ago(DEAD_AFTER), "handed_over": True}
    lease = take_lease(folder, record("run-1", **old))
    assert lease.untraced_requests() == 0  # nobody has come to ask
    for _ in range(3):
        lease.join()
    second = take_lease(folder, record("run-2"))
    assert second.number == 2
    assert [run.untraced_requests() for run in second.earlier_runs()] == [24]
    second.end(untraced_requests=5)
    third = take_lease(folder, record("run-3"))
    assert [run.untraced_requests() for run in third.earlier_runs()] == [24, 5]


def test_several_give_signs_of_life_and_one_of_them_is_enough(folder: str) -> None:
    silent = record("run-1", heartbeat_at=ago(timedelta(minutes=5)), handed_over=True)
    lease = take_lease(folder, silent)
    path = Path(folder, "000001.json")
    lease.renew()
    written = path.stat().st_mtime_ns
    assert json.loads(path.read_text())["heartbeat_at"] > silent.heartbeat_at
    lease.renew()
    assert path.stat().st_mtime_ns == written
    end_lease(folder, "run-1")
    ended = path.read_text()
    lease.renew()  # whoever comes late does not begin it again
    assert path.read_text() == ended


def test_of_many_that_take_over_at_once_one_succeeds(folder: str) -> None:
    take_lease(folder, record("dead", process=ELSEWHERE, heartbeat_at=ago(DEAD_AFTER)))
    together = threading.Barrier(16)
    taken: list[Lease] = []
    refused: list[str] = []

    def take(number: int) -> None:
        together.wait()
        try:
            taken.append(take_lease(folder, record(f"run-{number}")))
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert len(refused) == 15
    assert all(taken[0].record.run_id in message for message in refused)


def test_whoever_lost_the_lease_finds_out(folder: str) -> None:
    asleep = take_lease(folder, record("run-1", process=ELSEWHERE, heartbeat_at=ago(DEAD_AFTER)))
    asleep.renew()
    with pytest.raises(InputError):
        take_lease(folder, record("run-2"))
    silent = replace(asleep.record, heartbeat_at=ago(DEAD_AFTER))
    Path(folder, "000001.json").unlink()
    take_lease(folder, silent)
    take_lease(folder, record("run-2"))
    for lost in (asleep.renew, lambda: check_lease(folder, "run-1")):
        with pytest.raises(LeaseLostError, match="another run, run-2 on"):
            lost()
    check_lease(folder, "run-2")


@pytest.mark.parametrize("half", ["", "{", "[]", '{"run_id": "run-1"}'])
def test_a_record_that_is_not_whole_holds_nothing(folder: str, half: str) -> None:
    Path(folder).mkdir()
    Path(folder, "000004.json").write_text(half)
    lease = take_lease(folder, record("run-2"))
    assert lease.number == 5
    assert lease.earlier_runs() == []


def test_a_newer_tierwise_is_left_alone(folder: str) -> None:
    take_lease(folder, record("run-1", journal_version=2)).end(untraced_requests=0)
    with pytest.raises(InputError, match=r"000001\.json: a newer tierwise has written here"):
        take_lease(folder, record("run-2"))


def test_fields_of_a_later_version_are_no_trouble(folder: str) -> None:
    take_lease(folder, record("run-1")).end(untraced_requests=0)
    path = Path(folder, "000001.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "blue"}))
    assert [run.record.run_id for run in take_lease(folder, record("run-2")).earlier_runs()] == [
        "run-1"
    ]
