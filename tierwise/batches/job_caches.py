"""The caches that rows of batch jobs name, on the Developer API.

A cache is made before the first job that names it, for as long as that job may be waited for:
storage is billed by the lifetime that was set, and nobody knows when a job will be done. Each later
job prolongs it by the time that has passed since. It is made where the rows that wait pay for it,
and prolonged where those of the job do.

A job whose rows were refused for their cache, or that was, has its questions asked without: after
that nothing that begins so names one. While a job is open its record says which caches it needs, so
that nobody deletes them.
"""

from __future__ import annotations

import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from tierwise.batches.asked_rows import beginnings_of
from tierwise.batches.job_files import BatchJob
from tierwise.batches.part import ASKS, REQUESTS, SharedBeginning
from tierwise.errors import JobsUnavailableError
from tierwise.gemini.billing import Billing
from tierwise.gemini.call_error import CallError
from tierwise.gemini.service import Service
from tierwise.gemini.wire import WireJson, cached_parts, naming_cache
from tierwise.journal.cache_records import CacheFiles, CacheLife, CacheOrder, CacheRecord, numbered
from tierwise.prices.cache_terms import CacheTerms
from tierwise.prices.price_day import price_day
from tierwise.records import ServiceTier
from tierwise.storage.files import files_for, join

if TYPE_CHECKING:
    from tierwise.gemini.blocking_caches import BlockingCaches

# So often a cache is asked for, before jobs go without.
_MOST_TRIES = 3


class NoJobCaches:
    """For services whose batch jobs take none."""

    def named_by(
        self, job: BatchJob, known: Sequence[BatchJob], lifetime: timedelta
    ) -> dict[str, str]:
        """None are."""
        del job, known, lifetime
        return {}


@dataclass(slots=True)
class JobCaches(NoJobCaches):
    """Those of one run.

    `calls` are the methods of the service. `reserve` is what all caches of the run may cost in
    nano-dollars, under a cap.
    """

    calls: BlockingCaches
    service: Service
    files: CacheFiles
    reserve: int | None = None
    _failed: Counter[str] = field(default_factory=Counter)

    def named_by(
        self, job: BatchJob, known: Sequence[BatchJob], lifetime: timedelta
    ) -> dict[str, str]:
        """By what they begin with, the caches that rows of a job are to name that is sent now.

        Args:
            job: one that no service knows yet.
            known: all jobs of the output.
            lifetime: how long the job may take.

        Raises:
            JobsUnavailableError: the service makes none just now.
        """
        refused = {key for one in known for key in _refused_by(one)}
        named = dict[str, str]()
        for begins in () if job.uncached else job.order.beginnings:
            if begins.key not in refused and self._failed[begins.key] < _MOST_TRIES:
                waiting = sum(_waiting_rows(one, begins) for one in known)
                if name := self._name(job, begins, waiting, lifetime):
                    named[begins.key] = name
        return named

    def _name(
        self, job: BatchJob, begins: SharedBeginning, waiting: int, lifetime: timedelta
    ) -> str:
        """A cache that lives so long, empty where none pays."""
        now = datetime.now(UTC)
        terms = Billing(self.service).cache_terms(
            job.order.model, ServiceTier.BATCH, price_day(now)
        )
        if terms is None:
            return ""
        living = list(self._living(begins.key, now))
        for _, record in living:
            if record.life and record.life.expires >= now + lifetime:
                return record.name
        there = next((one for one in living if self._costs_as_now(one[1], terms)), None)
        if there is None:
            need = terms.break_even(lifetime)
            pays = need is not None and waiting >= need
            return self._made(job, begins, terms, lifetime) if pays else ""
        key, record = there
        return self._prolonged(key, record, begins.rows, terms, lifetime)

    def _living(self, key: str, now: datetime) -> Iterator[tuple[str, CacheRecord]]:
        """The caches of a beginning that can be named for a while."""
        for one in numbered(key):
            record = self.files.read(one)
            if record is None:
                return
            if record.lives_at(now + timedelta(minutes=1)):
                yield one, record

    def _costs_as_now(self, record: CacheRecord, terms: CacheTerms) -> bool:
        """Whether a cache was made at today's prices, so that all of its life has the same."""
        if record.life is None:
            return False
        day, order = price_day(record.life.created), record.order
        then = Billing(self.service).cache_terms(order.model, order.service_tier, day)
        return then is not None and (then.write, then.storage) == (terms.write, terms.storage)

    def _made(
        self, job: BatchJob, begins: SharedBeginning, terms: CacheTerms, lifetime: timedelta
    ) -> str:
        worst = terms.cost(begins.most_tokens, lifetime)
        if not self.files.may_cost(worst, self.reserve):
            return ""
        order = self._ordered(job, begins, worst, lifetime)
        parts = _parts_of(job, begins)
        try:
            seen = self.calls.create(job.order.model, parts, lifetime, order.display_name)
        except CallError as error:
            if not error.sent:
                self.files.refused(order.key, str(error))
                self.files.costs_less(0, self.reserve, worst)
            return self._none(begins, error)
        life = seen.life(terms)
        self.files.made(order.key, life)
        return life.name

    def _ordered(
        self, job: BatchJob, begins: SharedBeginning, worst: int, lifetime: timedelta
    ) -> CacheOrder:
        """The first order of this beginning that nobody has written."""
        for key in numbered(begins.key):
            order = CacheOrder(
                key=key,
                display_name=f"tierwise {self.files.run_id} {key}",
                model=job.order.model,
                place=self.service.place,
                answerer=self.service.answerer,
                tasks=begins.tasks,
                media_resolution=begins.media_resolution,
                service_tier=ServiceTier.BATCH,
                worst=worst,
                at=datetime.now(UTC),
                lifetime=lifetime,
            )
            if self.files.order(order):
                return order
        raise AssertionError("numbers end")  # pragma: no cover

    def _prolonged(
        self, key: str, record: CacheRecord, rows: int, terms: CacheTerms, lifetime: timedelta
    ) -> str:
        """The cache for a job of so many rows, empty where they do not pay for it."""
        life, claimed = record.life, record.claimed
        if life is None:
            return ""
        longer = terms.cost(life.tokens, datetime.now(UTC) + lifetime - life.created)
        if rows * terms.gain(life.tokens) < longer - life.cost:
            return ""
        if not self.files.may_cost(longer, self.reserve, claimed):
            return ""
        unique = uuid.uuid4().hex[:12]
        self.files.renewing(key, unique, longer)
        try:
            seen = self.calls.renew(life.name, lifetime)
        except CallError as error:
            if not error.sent:
                self.files.renewed(key, unique, None)
                self.files.costs_less(claimed, self.reserve, longer)
            if error.status in (400, 403, 404):  # it is there no more
                self.files.gone(key, str(error))
            raise JobsUnavailableError(f"its cache cannot be prolonged: {error}") from error
        cost = terms.cost(life.tokens, seen.expires - life.created)
        longest = CacheLife(life.name, life.tokens, life.created, seen.expires, cost)
        self.files.renewed(key, unique, longest)
        return life.name

    def _none(self, begins: SharedBeginning, error: CallError) -> str:
        """None can be made: now, or however often it is tried."""
        self._failed[begins.key] += _MOST_TRIES if error.status == 400 else 1
        if self._failed[begins.key] < _MOST_TRIES:
            raise JobsUnavailableError(f"no cache can be made: {error}") from error
        return ""


@contextmanager
def rows_as_sent(job: BatchJob) -> Iterator[tuple[str, ...]]:
    """The files of a job's rows as the service gets them, naming the caches of the job."""
    if not job.caches:
        yield tuple(join(part, REQUESTS) for part in job.order.parts)
        return
    with tempfile.TemporaryDirectory(prefix="tierwise-rows-") as folder:
        sent = list[str]()
        for number, part in enumerate(job.order.parts):
            path = Path(folder) / f"{number}.jsonl"
            path.write_bytes(b"".join(_naming(part, job)))
            sent.append(str(path))
        yield tuple(sent)


def _naming(part: str, job: BatchJob) -> Iterator[bytes]:
    """The rows of a part, those whose beginning is in a cache without it."""
    begin = beginnings_of(join(part, ASKS))
    parts = {one.key: one.parts for one in job.order.beginnings}
    for line in _lines(part):
        row = orjson.loads(line)
        begins = begin.get(row["key"], "")
        if name := job.caches.get(begins):
            request = naming_cache(row["request"], name, parts[begins])
            yield orjson.dumps({**row, "request": request}, option=orjson.OPT_APPEND_NEWLINE)
        else:
            yield line


def _parts_of(job: BatchJob, begins: SharedBeginning) -> list[WireJson]:
    """What the rows of a job with this beginning begin with, as a cache holds it."""
    for part in job.order.parts:
        begin = beginnings_of(join(part, ASKS))
        for line in _lines(part) if begins.key in begin.values() else ():
            row: WireJson = orjson.loads(line)
            if begin.get(row["key"]) == begins.key:
                return cached_parts(row["request"], begins.parts)
    raise ValueError(f"no row of job {job.order.id} begins as {begins.key}")


def _lines(part: str) -> list[bytes]:
    uri = join(part, REQUESTS)
    return files_for(uri).read(uri).splitlines(keepends=True)


def _refused_by(job: BatchJob) -> Iterator[str]:
    """Beginnings that are not to be cached again, by what became of a job."""
    if job.uncached:
        yield from (begins.key for begins in job.order.beginnings)
    if job.taken and job.taken.cache_gone:
        yield from job.caches


def _waiting_rows(job: BatchJob, begins: SharedBeginning) -> int:
    """How many rows of a job that has yet to be sent begin so."""
    if job.sending_at or not job.open or job.ended:
        return 0
    return sum(one.rows for one in job.order.beginnings if one.key == begins.key)
