"""How the batch jobs of a run are looked after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module

from tierwise.batches.enqueued import enqueued_limit
from tierwise.batches.job_caches import JobCaches, NoJobCaches
from tierwise.batches.job_files import BatchJob, JobFiles, JobOrder, Taking
from tierwise.batches.ordering import Most, orders_of
from tierwise.batches.part import Part
from tierwise.batches.take import WriteEntries
from tierwise.batches.watch import End, Rules, Tell, Watch
from tierwise.errors import InputError
from tierwise.gemini.batch.jobs import BatchJobs
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.job_limits import job_limits
from tierwise.journal.journal_files import JournalFiles
from tierwise.records import ServiceTier
from tierwise.storage.drawn_files import DrawnFiles

# Whoever leaves sooner cannot wait to see what becomes of a trial.
_LONG_ENOUGH_TO_TRY_S = 600.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run says of its batch jobs.

    `fallbacks` has the tier at which each model is asked what jobs leave, None for one that is not
    asked. Below `root` lies what jobs ask, empty for beside the journal.
    """

    rules: Rules = field(default_factory=Rules)
    fallbacks: Mapping[str, ServiceTier | None] = field(default_factory=dict)
    root: str = ""

    def files(self, journal: JournalFiles) -> JobFiles:
        """The records of the jobs of an output."""
        return JobFiles(journal.folder, self.root)

    def order(
        self, parts: Sequence[Part], service: Service, journal: JournalFiles
    ) -> list[JobOrder]:
        """Make jobs of what a pass wrote down; the same parts are never ordered twice."""
        files = self.files(journal)
        before = files.all()
        takes = service.answerer.takes
        known = {
            job.order.kind
            for job in before
            if job.taken and job.taken.good and takes(job.order.answerer)
        }
        wait_s = self.rules.wait_s
        tries = wait_s is None or wait_s >= _LONG_ENOUGH_TO_TRY_S
        orders = [
            order
            for model in sorted({part.model for part in parts})
            for order in orders_of(
                [part for part in parts if part.model == model],
                self._most(model, service),
                known=known if tries else None,
                run_id=journal.run_id,
                answerer=service.answerer,
                place=service.place,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            )
        ]
        there = {job.order.id for job in before}
        for order in orders:
            if order.id not in there:
                files.write(BatchJob(order))
        return orders

    def _most(self, model: str, service: Service) -> Most:
        limits, tokens = job_limits(vertex=service.vertex), None
        if not service.vertex:
            tokens = enqueued_limit(model, self.rules.usage_tier).tokens
        return Most(limits.requests, limits.usable_bytes, tokens)

    def watch(
        self,
        service: Service,
        journal: JournalFiles,
        tell: Tell,
        wait_s: float | None,
        reserve: int | None = None,
    ) -> End:
        """Look after what is open, for so many seconds; None is for as long as it takes.

        `reserve` is what caches may cost under a cap.

        Raises:
            InputError: jobs are open where this service does not find them, or it takes none.
        """
        files = self.files(journal)
        left = [job for job in files.all() if job.open or not job.tidied]
        if not left:
            return End.TAKEN
        for job in left:
            if job.open and service.answerer.takes(job.order.answerer):
                _check_place(job.order.place, service)
            elif job.open and job.order.answerer.emulated:
                _check_answers(service)
        with jobs_of(service) as jobs:
            watch = Watch(
                jobs=jobs,
                files=files,
                billing=Billing(service),
                digits=journal.digits,
                write=partial(_writer, journal),
                rules=replace(self.rules, wait_s=wait_s),
                fallbacks=self.fallbacks,
                tell=tell,
                caches=_caches_of(service, journal, reserve),
                drawn=DrawnFiles(journal.output, service.answerer),
            )
            return watch.go()


def _check_answers(service: Service) -> None:
    """Refuse to take an emulator that does not answer for somebody else than it was."""
    if service.endpoint and not service.emulator:
        raise InputError(
            "Batch jobs of this output were handed in at an emulator, and nothing at "
            f"--gemini_endpoint={service.endpoint} says that it is one: start it again, or give "
            "another --output."
        )


def _check_place(place: str, service: Service) -> None:
    """Refuse to look for a job where it cannot be: it would be taken for gone, and paid again."""
    if place not in ("", service.place):
        raise InputError(
            f"Batch jobs of this output are under way at {place}, and this run asks {service.place}"
            ", which does not know them. Collect them with the flags that they were handed in "
            "with, or give another --output."
        )


def _writer(journal: JournalFiles, taking: Taking, keeps: bool) -> WriteEntries:
    files = replace(journal, run_id=taking.run_id, digits=taking.digits)
    return partial(files.write, keeps=keeps)


def _caches_of(service: Service, journal: JournalFiles, reserve: int | None) -> NoJobCaches:
    if service.vertex:
        return NoJobCaches()
    opened = import_module("tierwise.gemini.blocking_caches")
    return JobCaches(opened.BlockingCaches(service), service, journal.caches, reserve)


@contextmanager
def jobs_of(service: Service) -> Iterator[BatchJobs]:
    """The batch jobs of a service; Google's library takes long to import."""
    opened = import_module("tierwise.gemini.batch.open_jobs")
    yield opened.batch_jobs(service)
