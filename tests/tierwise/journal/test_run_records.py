"""One run at a time into an output, and a dead one does not hold it for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tierwise.errors import InputError, LeaseLostError
from tierwise.journal.run_record import DEAD_AFTER, RunRecord, new_record
from tierwise.journal.run_records import Heartbeat, Lease, check_lease, end_lease, take_lease
from tierwise.storage.process import Process

ELSEWHERE = Process("another-machine", 1, "another boot/pid:[1]", "99")


def ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="seconds")


def silence(folder: str, number: int, span: timedelta) -> None:
    """Let a record be as old as that on its disk."""
    then = time.time() - span.total_seconds()
    os.utime(Path(folder, f"{number:06d}.json"), (then, then))


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
    take_lease(folder, record("run-1", process=ELSEWHERE))
    silence(folder, 1, DEAD_AFTER - timedelta(seconds=30))
    with pytest.raises(InputError, match="last sign of life 570 seconds ago"):
        take_lease(folder, record("run-2"))
    silence(folder, 1, DEAD_AFTER + timedelta(seconds=1))
    (killed,) = [run.record for run in take_lease(folder, record("run-2")).earlier_runs()]
    assert not killed.ended_at
    assert killed.untraced_requests == 8


@pytest.mark.parametrize("wrong", [timedelta(hours=5), -timedelta(hours=5)])
def test_clocks_of_two_machines_are_never_compared(folder: str, wrong: timedelta) -> None:
    lease = take_lease(folder, record("run-1", process=ELSEWHERE, heartbeat_at=ago(wrong)))
    with pytest.raises(InputError, match="another run writes"):
        take_lease(folder, record("run-2"))
    path = Path(folder, "000001.json")
    others, ours = Heartbeat(lease), Heartbeat(lease)
    written = [path.read_bytes()]
    for heart in (others, ours, others, ours, ours):
        heart.beat()
        written.append(path.read_bytes())
        path.write_bytes(written[-1].replace(b'"nonce": "', b'"nonce": "x'))  # that of its clock
    assert written[1] != written[0]
    silence(folder, 1, DEAD_AFTER * 2)
    assert take_lease(folder, record("run-2")).number == 2


def test_a_copy_of_an_output_tells_of_a_run_of_long_ago(folder: str) -> None:
    take_lease(folder, record("run-1", process=ELSEWHERE, heartbeat_at=ago(timedelta(days=2))))
    assert take_lease(folder, record("run-2")).number == 2


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
        Heartbeat(lease).beat()


def test_what_a_handed_over_run_left_without_a_trace_is_bounded_by_its_workers(
    folder: str,
) -> None:
    old = {"heartbeat_at": ago(timedelta(days=2)), "handed_over": True}
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
    one, other = Heartbeat(lease), Heartbeat(lease)
    one.beat()
    written = path.stat().st_mtime_ns
    assert json.loads(path.read_text())["heartbeat_at"] > silent.heartbeat_at
    other.beat()
    assert path.stat().st_mtime_ns == written
    other.beat()  # nobody else has given any since
    assert path.stat().st_mtime_ns > written
    written = path.stat().st_mtime_ns
    lease._write(replace(silent, heartbeat_at=ago(timedelta(seconds=1))))
    one.beat()
    assert json.loads(path.read_text())["heartbeat_at"] < ago(timedelta(0))


@pytest.fixture(params=["disk", "bucket"])
def anywhere(request: pytest.FixtureRequest, folder: str) -> str:
    if request.param == "disk":
        return folder
    request.getfixturevalue("bucket")
    return "gs://results/out/journal/runs"


def test_a_sign_of_life_that_comes_late_un_ends_nothing(anywhere: str) -> None:
    lease = take_lease(anywhere, record("run-1", process=ELSEWHERE))
    late = replace(lease.latest(), heartbeat_at=ago(-timedelta(seconds=1)))
    lease.end(untraced_requests=2)
    lease._write(late)  # it was on its way when the run ended
    for again in (0, 7):
        lease.end(untraced_requests=again)  # what was said first holds
    Heartbeat(lease).beat()
    (ended,) = [run.record for run in take_lease(anywhere, record("run-2")).earlier_runs()]
    assert (ended.run_id, ended.untraced_requests) == ("run-1", 2)
    assert ended.ended_at


def test_records_of_versions_that_ended_in_them_are_over(folder: str) -> None:
    take_lease(folder, record("run-1", process=ELSEWHERE, ended_at=ago(timedelta(0))))
    assert take_lease(folder, record("run-2")).number == 2


def test_who_works_for_a_run_that_was_stopped_stops(folder: str) -> None:
    lease = take_lease(folder, record("run-1", process=ELSEWHERE, handed_over=True))
    lease.end(untraced_requests=8, stopped=True)
    for told in (Heartbeat(lease).beat, lambda: check_lease(folder, "run-1", 1)):
        with pytest.raises(LeaseLostError, match="this run was stopped at"):
            told()
    assert take_lease(folder, record("run-2")).record.took_over == ""


def test_an_output_is_taken_over_from_a_run_that_nobody_sees(anywhere: str) -> None:
    lost = take_lease(anywhere, record("run-1", process=ELSEWHERE, handed_over=True))
    with pytest.raises(InputError, match="--take_over begins at once"):
        take_lease(anywhere, record("run-2"))
    taken = take_lease(anywhere, record("run-2"), take_over=True)
    assert (taken.number, taken.record.took_over) == (2, "run-1")
    with pytest.raises(LeaseLostError, match=r"run-2 on .* with --take_over"):
        lost.check()
    taken.end(untraced_requests=0)
    third = take_lease(anywhere, record("run-3"), take_over=True)  # there is nothing to risk
    assert third.record.took_over == ""


@pytest.mark.skipif(not Process.this().space, reason="only Linux tells when a process started")
def test_nothing_is_taken_from_a_process_that_is_seen_alive(folder: str, child: Process) -> None:
    take_lease(folder, record("run-1", process=child))
    with pytest.raises(InputError, match=f"run-1 is alive: process {child.pid} of this machine"):
        take_lease(folder, record("run-2"), take_over=True)
    assert len(list(Path(folder).iterdir())) == 1


def test_two_starts_of_one_run_are_told_apart(folder: str) -> None:
    first = take_lease(folder, record("run-1"))
    first.end(untraced_requests=0)
    take_lease(folder, record("run-1"))
    with pytest.raises(LeaseLostError):
        first.check()


def test_of_many_that_take_over_at_once_one_succeeds(folder: str) -> None:
    take_lease(folder, record("dead", process=ELSEWHERE))
    silence(folder, 1, DEAD_AFTER * 2)
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
    asleep = take_lease(folder, record("run-1", process=ELSEWHERE))
    with pytest.raises(InputError):
        take_lease(folder, record("run-2"))
    silence(folder, 1, DEAD_AFTER * 2)
    take_lease(folder, record("run-2"))
    for lost in (Heartbeat(asleep).beat, lambda: check_lease(folder, "run-1")):
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


def test_a_lease_that_is_released_leaves_nothing_and_takes_nobody_elses(
    tmp_path: Path,
) -> None:
    folder = str(tmp_path / "small/.leases")
    take_lease(folder, record("killed", process=ELSEWHERE), take_over=True)
    second = take_lease(folder, record("second"), take_over=True)
    second.release()
    assert not (tmp_path / "small/.leases").exists()
    third = take_lease(folder, record("third"))
    assert third.number == 1
    late = replace(second, number=1)  # one that wakes up when there is another of its number
    late.release()
    with pytest.raises(LeaseLostError, match="another run, third"):
        late.check()
    third.check()
    third.release()
    with pytest.raises(LeaseLostError, match="another run has begun"):
        late.check()


def test_a_run_hears_that_another_took_its_lease_and_released_it(folder: str) -> None:
    heart = Heartbeat(take_lease(folder, record("first", process=ELSEWHERE)))
    assert heart.beat()
    take_lease(folder, record("second"), take_over=True).release()
    with pytest.raises(LeaseLostError, match="the record of this run is gone"):
        heart.beat()
    assert not Path(folder).exists()
