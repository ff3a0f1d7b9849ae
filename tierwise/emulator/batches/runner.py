"""The course of a job: it waits, answers its rows a few at a time, writes results, and ends."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import orjson

from tierwise.emulator.batches.job_faults import DrawnFault, RowFaults
from tierwise.emulator.batches.jobs import (
    CANCELLED,
    EXPIRED,
    FAILED,
    PENDING,
    RUNNING,
    SUCCEEDED,
    BatchJob,
    JobError,
)
from tierwise.emulator.batches.order import Reordering
from tierwise.emulator.batches.pictures import pictures_of
from tierwise.emulator.batches.results_writer import ResultsWriter
from tierwise.emulator.batches.rows import Row, exchanged, rows_of
from tierwise.emulator.batches.service_desk import JobFailedError, ServiceDesk
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.service import EmulatedService

# Rows under way at a time: few, so that interactive requests find the emulator free.
_TOGETHER = 2
_DEBUG = "type.googleapis.com/google.rpc.DebugInfo"


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs jobs; half of `delay_s` they are PENDING, and RUNNING for at least the other half."""

    service: EmulatedService
    delay_s: float
    now: Callable[[], datetime]

    async def run(self, job: BatchJob, desk: ServiceDesk) -> None:
        """From PENDING to the end."""
        slow = job.faults.first("batch_slow")
        pending_s = slow.setting("pending_s") if slow else self.delay_s / 2
        running_s = slow.setting("running_s") if slow else self.delay_s / 2
        _strike(slow)
        end = job.faults.end
        _strike(end)
        try:
            await self._linger(job, None if _is_stuck(end, PENDING) else pending_s)
            if job.stop.is_set():
                await desk.publish(job, [])
                self._end(job, CANCELLED, self._cancellation(desk))
                return
            job.state, job.started = RUNNING, self.now()
            job.updated = job.started
            await desk.fetch(job)
            if _is_stuck(end, RUNNING):
                await self._linger(job, None)
            await self._work(job, desk, end, running_s)
        except JobFailedError as failed:
            self._end(job, FAILED, failed.error)

    def _end(self, job: BatchJob, state: str, error: JobError | None = None) -> None:
        job.state, job.error = state, error
        job.ended = job.updated = self.now()

    async def _linger(self, job: BatchJob, seconds: float | None) -> None:
        """Wait, for ever where there is no number, but not longer than until it is cancelled."""
        with suppress(TimeoutError):
            await asyncio.wait_for(job.stop.wait(), seconds)

    async def _work(
        self, job: BatchJob, desk: ServiceDesk, end: DrawnFault | None, running_s: float
    ) -> None:
        total = job.rows or 0
        share = end.fault.settings.get("answered", 1.0) if end else 1.0
        most = int(total * min(share, 1.0))
        order = job.faults.first("batch_order")
        _strike(order)
        reordering = Reordering(order.setting("how") if order else "shuffled", job.name)
        writer = ResultsWriter(job.folder, *desk.most_in_a_file(job))
        began = monotonic()
        try:
            async for number, lines in self._answered(job, desk, most):
                for line in lines:
                    for due in reordering.add(line):
                        writer.write(due)
                job.updated = self.now()
                await self._linger(job, began + running_s * number / max(1, total) - monotonic())
            for due in reordering.rest():
                writer.write(due)
        finally:
            writer.close()
        if total == 0 or most < total:
            await self._linger(job, began + running_s - monotonic())
        await self._close(job, desk, end, writer)

    async def _close(
        self, job: BatchJob, desk: ServiceDesk, end: DrawnFault | None, writer: ResultsWriter
    ) -> None:
        kind = end.fault.kind if end else ""
        if job.stop.is_set() or kind == "batch_cancelled":
            await desk.publish(job, writer.paths)
            self._end(job, CANCELLED, self._cancellation(desk))
        elif kind == "batch_expired":
            self._end(job, EXPIRED, JobError(4, "The batch job expired before it was processed."))
        elif end and kind == "batch_failed":
            error = JobError(end.setting("code"), end.setting("message"), _details(end))
            self._end(job, FAILED, error)
        else:
            await desk.publish(job, writer.paths)
            self._end(job, end.setting("state") if end and kind == "batch_partial" else SUCCEEDED)

    def _cancellation(self, desk: ServiceDesk) -> JobError:
        return JobError(desk.cancelled_code, "The operation was cancelled.")

    async def _answered(
        self, job: BatchJob, desk: ServiceDesk, most: int
    ) -> AsyncIterator[tuple[int, list[bytes]]]:
        """The lines of each row in turn, with the number of rows so far."""
        faults = job.faults.for_rows(job.rows or 0)
        under_way: deque[asyncio.Task[list[bytes]]] = deque()
        number = 0
        try:
            for row in self._rows(job, faults):
                if job.stop.is_set() or row.index >= most:
                    break
                under_way.append(asyncio.create_task(self._row(job, desk, row, faults)))
                if len(under_way) == _TOGETHER:
                    number += 1
                    yield number, await under_way.popleft()
            while under_way:
                number += 1
                yield number, await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()

    def _rows(self, job: BatchJob, faults: RowFaults) -> Iterator[Row]:
        def swaps(row: Row) -> bool:
            swap = _struck(faults, row).get("batch_rows_swapped")
            _strike(swap)
            return swap is not None

        return exchanged(rows_of(job.inputs), swaps)

    async def _row(
        self, job: BatchJob, desk: ServiceDesk, row: Row, faults: RowFaults
    ) -> list[bytes]:
        struck = _struck(faults, row)
        for kind, one in struck.items():
            if kind != "batch_rows_swapped":
                one.struck()
        error = struck.get("batch_row_error")
        status, body = _refused(error) if error else await self._reply(job, row)
        if status == 200:
            job.succeeded += 1
        else:
            job.failed += 1
        if "batch_row_no_usage" in struck:
            body.pop("usageMetadata", None)
        if "batch_row_missing" in struck:
            return []
        line = desk.line(row, status, body, struck, error.setting("under") if error else "error")
        return [line] * (2 if "batch_row_doubled" in struck else 1)

    async def _reply(self, job: BatchJob, row: Row) -> tuple[int, dict[str, Any]]:
        reply = await self.service.answer_row(job.call, row.request, job.name)
        return reply.status, orjson.loads(reply.body)


def _struck(faults: RowFaults, row: Row) -> dict[str, DrawnFault]:
    pictures = pictures_of(row.request) if faults.by_pictures else ()
    return faults.on(row.index, [hashlib.sha256(data).hexdigest() for data in pictures])


def _refused(error: DrawnFault) -> tuple[int, dict[str, Any]]:
    refusal = Refusal(error.setting("status"), error.setting("message"), details=_details(error))
    return refusal.status, refusal.body()


def _details(error: DrawnFault) -> tuple[dict[str, str], ...]:
    return ({"@type": _DEBUG, "detail": "emulated"},) if error.setting("details") else ()


def _is_stuck(end: DrawnFault | None, state: str) -> bool:
    return bool(end and end.fault.kind == "batch_stuck" and end.setting("state") == state)


def _strike(fault: DrawnFault | None) -> None:
    if fault:
        fault.struck()
