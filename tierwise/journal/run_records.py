"""A record for each run into an output folder, and the lease: one run at a time.

    <folder>/000001.json, 000002.json ...    who, since when; written anew for each sign of life
    <folder>/000001.ended.json ...           that it has ended; made once, and never changed

A run takes the lease by creating the record with the next number, which of several runs only one
can do. Whoever has the highest number holds the lease until the run has ended, or its process is
gone, or has given no sign of life for `DEAD_AFTER`. A run whose number is no longer the highest has
lost the lease and must stop. Nothing is ever deleted: records without an end tell of runs that were
killed. A sign of life that comes late changes no end, for the two are files of their own.

How long a run is silent is told by the clock of the store that its record lies in, and whether
others give signs of life by what their record says: clocks of two machines are never compared.

A run on a cluster outlives the process that launched it. Its record is `handed_over`: whoever works
for the run leaves a mark in `000001-workers/` before it asks anything and gives signs of life, and
the step that publishes the tables ends it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tierwise.answerer import Answerer
from tierwise.errors import InputError, LeaseLostError
from tierwise.journal.run_record import (
    DEAD_AFTER,
    RunEnd,
    RunRecord,
    decode_end,
    decode_record,
    encode,
    now_utc,
)
from tierwise.storage.files import files_for, join

HEARTBEAT = timedelta(seconds=30)
_NUMBER = re.compile(r"(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one run to write into an output folder."""

    folder: str
    number: int
    record: RunRecord

    def check(self) -> None:
        """See whether the run still holds it.

        Raises:
            LeaseLostError: another run has taken it, whose record may be gone again, too; or this
                one was stopped.
        """
        check_lease(self.folder, self.record.run_id, self.number)
        if self.number not in _numbers(self.folder):  # whoever releases a lease takes earlier ones
            raise LeaseLostError(
                "the record of this run is gone: another run has begun into the same output and "
                "has ended since, or somebody has deleted the folder."
            )

    def end(self, *, untraced_requests: int, stopped: bool = False) -> None:
        """Give the lease back for good; what was said at the first time holds.

        Args:
            untraced_requests: how many requests were given up while under way.
            stopped: whether others may still work for the run, who must stop.
        """
        ended = RunEnd(now_utc(), untraced_requests, stopped)
        with suppress(FileExistsError):
            files_for(self.folder).write_new(_end_uri(self.folder, self.number), encode(ended))

    def release(self) -> None:
        """Give the lease back and leave no trace of it, where nobody asks for earlier runs."""
        if not self._is_there:
            return
        folder, _, name = self.folder.rpartition("/")
        files = files_for(self.folder)
        for number in _numbers(self.folder):
            if number <= self.number:
                files.discard(folder, f"{name}/{number:06d}.json")

    def join(self) -> None:
        """Leave a mark for a process that works for a run that was handed over."""
        files_for(self.folder).write(join(self._workers, uuid.uuid4().hex), b"")

    def untraced_requests(self) -> int:
        """How many requests may be paid without a trace, as far as is known now."""
        record = self.latest()
        if not record.handed_over or record.ended_at:
            return record.untraced_requests
        workers = sum(1 for _ in files_for(self.folder).walk(self._workers))
        return record.untraced_requests * workers

    def latest(self) -> RunRecord:
        """What the run says of itself by now."""
        return _read(self.folder, self.number) or self.record

    def earlier_runs(self) -> list[Lease]:
        """All runs before this one, oldest first, whose records are whole."""
        return [run for run in all_runs(self.folder) if run.number < self.number]

    @property
    def _is_there(self) -> bool:
        try:
            found = decode_record(files_for(self.folder).read(_uri(self.folder, self.number)))
        except FileNotFoundError:
            return False
        return found is not None and found.run_id == self.record.run_id

    @property
    def _workers(self) -> str:
        return join(self.folder, f"{self.number:06d}-workers")

    def _write(self, record: RunRecord) -> None:
        files_for(self.folder).write(_uri(self.folder, self.number), encode(record))


class Heartbeat:
    """The signs of life of one process that works for a run."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._seen: RunRecord | None = None

    def beat(self) -> bool:
        """Give a sign of life, unless another process has given one since the last beat.

        False where the run has ended.

        Raises:
            LeaseLostError: another run has taken the lease, or this one was stopped.
        """
        self._lease.check()
        found = self._lease.latest()
        if found.ended_at:
            return False
        before, self._seen = self._seen, found
        if found == before or (before is None and not _is_fresh(found)):
            self._seen = replace(found, heartbeat_at=now_utc())
            self._lease._write(self._seen)
        return True


def _is_fresh(record: RunRecord) -> bool:
    """Whether somebody has given a sign just now; a clock that goes wrong says no."""
    silent = datetime.now(UTC) - datetime.fromisoformat(record.heartbeat_at)
    return abs(silent) < HEARTBEAT / 2


def take_lease(folder: str, record: RunRecord, *, take_over: bool = False) -> Lease:
    """Begin a run.

    Args:
        folder: where the records of an output lie.
        record: of the run that begins.
        take_over: take it from a run that is not known to have ended, and has not been silent for
            long, unless its process is seen to be alive.

    Raises:
        InputError: another run is going on, or one of a newer version wrote here.
        OSError: the folder cannot be written.
    """
    while True:
        last = max(_numbers(folder), default=0)
        try:
            from_whom = _check_over(folder, last, record, take_over=take_over) if last else ""
        except FileNotFoundError:
            continue  # it was released just now
        lease = Lease(folder, last + 1, replace(record, took_over=from_whom))
        try:
            files_for(folder).write_new(_uri(folder, lease.number), encode(lease.record))
        except FileExistsError:
            continue  # look who was quicker
        return lease


def all_runs(folder: str) -> list[Lease]:
    """All runs so far, oldest first, whose records are whole."""
    records = ((number, _read(folder, number)) for number in _numbers(folder))
    return [Lease(folder, number, record) for number, record in records if record]


def sign_earlier(folder: str, answerers: Mapping[str, Answerer]) -> None:
    """Note who answered earlier runs whose records do not say: `run.json` tells of the last alone.

    Args:
        folder: where the records lie.
        answerers: by run id, who answered.
    """
    for run in all_runs(folder):
        answerer = answerers.get(run.record.run_id)
        if answerer and not run.record.answerer:
            run._write(replace(run.record, answerer=answerer))


def end_lease(folder: str, run_id: str) -> None:
    """End a run that was handed over, all of whose requests were answered; done twice, it stays."""
    last = max(_numbers(folder), default=0)
    record = _read(folder, last) if last else None
    if record and record.run_id == run_id and record.handed_over and not record.ended_at:
        Lease(folder, last, record).end(untraced_requests=0)


def check_lease(folder: str, run_id: str, number: int = 0) -> None:
    """See whether a run still holds its lease.

    A run with batch jobs may be started more than once: `number` tells one start from a later one.

    Raises:
        LeaseLostError: another run has taken it, or this one was stopped.
    """
    last = max(_numbers(folder), default=0)
    record = _read(folder, last) if last else None
    if 0 < number < last or (record and record.run_id != run_id):
        raise LeaseLostError(_lost_to(record))
    if record and record.stopped:
        raise LeaseLostError(
            f"this run was stopped at {record.ended_at}: its launcher saw it cancelled, or fail."
        )


def _lost_to(record: RunRecord | None) -> str:
    if record is None:
        return "another run has begun into the same output."
    by = f"another run, {record.run_id} on {record.process.host}, has begun into the same output"
    if record.took_over:
        return f"{by} at {record.started_at}, with --take_over."
    return (
        f"{by} at {record.started_at}, because this one had ended, or given no sign of life for "
        f"{_minutes(DEAD_AFTER)} minutes."
    )


def _check_over(folder: str, number: int, ours: RunRecord, *, take_over: bool) -> str:
    """The run that is taken over without knowing that it is dead, empty where that is known."""
    record = _read(folder, number)
    if record is None:  # its run was killed before it could write that it had begun
        return ""
    if record.journal_version > ours.journal_version:
        raise InputError(
            f"{_uri(folder, number)}: a newer tierwise has written here, whose journal (format "
            f"{record.journal_version}) this one cannot read (it knows {ours.journal_version}). "
            "Run the newer tierwise, or give another --output."
        )
    if record.known_over:
        return ""
    silent_s = files_for(folder).silent_s(_uri(folder, number))
    if record.is_silent(datetime.now(UTC), silent_s):
        return ""
    where = f"{record.process.host}, process {record.process.pid}"
    if take_over and record.process.alive:
        raise InputError(
            f"--take_over: the run {record.run_id} is alive: process {record.process.pid} of this "
            "machine goes on. End that process, then run again; or give another --output."
        )
    if take_over:
        return record.run_id
    if record.handed_over:
        where = f"a cluster, launched from {record.process.host}"
    raise InputError(
        f"another run writes into this output: {record.run_id} on {where}, "
        f"since {record.started_at}, last sign of life {silent_s:.0f} seconds ago. "
        "Wait until it ends, end it, or give another --output. Once it gives no sign of life "
        f"for {_minutes(DEAD_AFTER)} minutes, a new run may begin; --take_over begins at once, "
        "for a run that you know to be dead."
    )


def _numbers(folder: str) -> list[int]:
    names = (stat.uri.rpartition("/")[2] for stat in files_for(folder).walk(folder))
    return sorted(int(found[1]) for name in names if (found := _NUMBER.fullmatch(name)))


def _uri(folder: str, number: int) -> str:
    return join(folder, f"{number:06d}.json")


def _end_uri(folder: str, number: int) -> str:
    return join(folder, f"{number:06d}.ended.json")


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


def _read(folder: str, number: int) -> RunRecord | None:
    """A record with its end, or None when it is not whole."""
    files = files_for(folder)
    record = decode_record(files.read(_uri(folder, number)))
    try:
        end = decode_end(files.read(_end_uri(folder, number)))
    except FileNotFoundError:
        return record
    return end.of(record) if record and end else record
