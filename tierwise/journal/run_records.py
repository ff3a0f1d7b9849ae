"""A record for each run into an output folder, and the lease: one run at a time.

    <folder>/000001.json, 000002.json ...

A run takes the lease by creating the record with the next number, which of several runs only one
can do. Whoever has the highest number holds the lease until the record says that the run has ended,
or its process is gone, or has given no sign of life for `DEAD_AFTER`. A run whose number is no
longer the highest has lost the lease and must stop. Nothing is ever deleted: records that were not
closed tell of runs that were killed.

A run on a cluster outlives the process that launched it. Its record is `handed_over`: whoever works
for the run leaves a mark in `000001-workers/` before it asks anything and gives signs of life, and
the step that publishes the tables ends it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tierwise.answerer import Answerer
from tierwise.errors import InputError, LeaseLostError
from tierwise.journal.run_record import DEAD_AFTER, RunRecord, decode_record, encode_record, now_utc
from tierwise.storage.files import files_for, join

HEARTBEAT = timedelta(seconds=30)
_NUMBER = re.compile(r"(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one run to write into an output folder."""

    folder: str
    number: int
    record: RunRecord

    def renew(self) -> None:
        """Give a sign of life, unless another process of this run has just given one.

        Raises:
            LeaseLostError: another run has taken the lease.
        """
        check_lease(self.folder, self.record.run_id, self.number)
        record = self.latest()
        now = datetime.now(UTC)
        silent = now - datetime.fromisoformat(record.heartbeat_at)
        if not record.ended_at and silent >= HEARTBEAT / 2:
            self._write(replace(record, heartbeat_at=now_utc()))

    def end(self, *, untraced_requests: int) -> None:
        """Give the lease back, and say how many requests were given up while under way."""
        now = now_utc()
        ended = replace(
            self.record, heartbeat_at=now, ended_at=now, untraced_requests=untraced_requests
        )
        self._write(ended)

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
    def _workers(self) -> str:
        return join(self.folder, f"{self.number:06d}-workers")

    def _write(self, record: RunRecord) -> None:
        files_for(self.folder).write(_uri(self.folder, self.number), encode_record(record))


def take_lease(folder: str, record: RunRecord) -> Lease:
    """Begin a run.

    Args:
        folder: where the records of an output lie.
        record: of the run that begins.

    Raises:
        InputError: another run is going on, or one of a newer version wrote here.
        OSError: the folder cannot be written.
    """
    while True:
        last = max(_numbers(folder), default=0)
        if last:
            _check_over(folder, last, record)
        lease = Lease(folder, last + 1, record)
        try:
            files_for(folder).write_new(_uri(folder, lease.number), encode_record(record))
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
            files_for(folder).write(
                _uri(folder, run.number), encode_record(replace(run.record, answerer=answerer))
            )


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
        LeaseLostError: another run has taken it.
    """
    last = max(_numbers(folder), default=0)
    record = _read(folder, last) if last else None
    if record and (record.run_id != run_id or 0 < number < last):
        raise LeaseLostError(
            f"another run, {record.run_id} on {record.process.host}, has begun into the same "
            f"output at {record.started_at}, because this one had given no sign of life for "
            f"{_minutes(DEAD_AFTER)} minutes."
        )


def _check_over(folder: str, number: int, ours: RunRecord) -> None:
    record = _read(folder, number)
    if record is None:  # its run was killed before it could write that it had begun
        return
    if record.journal_version > ours.journal_version:
        raise InputError(
            f"{_uri(folder, number)}: a newer tierwise has written here, whose journal (format "
            f"{record.journal_version}) this one cannot read (it knows {ours.journal_version}). "
            "Run the newer tierwise, or give another --output."
        )
    if not record.is_over(datetime.now(UTC)):
        where = f"{record.process.host}, process {record.process.pid}"
        if record.handed_over:
            where = f"a cluster, launched from {record.process.host}"
        raise InputError(
            f"another run writes into this output: {record.run_id} on {where}, "
            f"since {record.started_at}, last sign of life {record.heartbeat_at}. "
            "Wait until it ends, end it, or give another --output. Once it gives no sign of life "
            f"for {_minutes(DEAD_AFTER)} minutes, a new run may begin."
        )


def _numbers(folder: str) -> list[int]:
    names = (stat.uri.rpartition("/")[2] for stat in files_for(folder).walk(folder))
    return sorted(int(found[1]) for name in names if (found := _NUMBER.fullmatch(name)))


def _uri(folder: str, number: int) -> str:
    return join(folder, f"{number:06d}.json")


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


def _read(folder: str, number: int) -> RunRecord | None:
    """A record, or None when it is not whole."""
    return decode_record(files_for(folder).read(_uri(folder, number)))
