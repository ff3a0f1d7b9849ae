"""The passes over an archive whose questions batch jobs ask.

    watch what is open ─▶ pass over the archive ─▶ nothing written down? the tables are published
            ▲                      │
            └──── order jobs ◀─────┘ what the pass wrote down

A pass asks nothing of a batch task: it finds in the journal what jobs have brought, and writes down
what that leaves open. So `when`, second asks and second tries come in the next round, whatever
became of this one, and a run that is started again goes on at whichever arrow it was stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.accounts.tables import usd
from tierwise.batches.enqueued import enqueued_limit
from tierwise.batches.job_facts import batch_facts
from tierwise.batches.job_files import BatchJob, JobFiles, JobOrder, Taking
from tierwise.batches.ordering import Most, orders_of
from tierwise.batches.part import Part
from tierwise.batches.small_rounds import asked_at_once
from tierwise.batches.take import WriteEntries
from tierwise.batches.watch import End, Rules, Watch
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Batches, Job
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.terminal.batch_board import BatchBoard, ordered_line
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.gemini.batch.jobs import BatchJobs
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.job_limits import job_limits
from tierwise.journal.journal_files import JournalFiles
from tierwise.records import ServiceTier

# Whoever leaves sooner cannot wait to see what becomes of a trial.
_LONG_ENOUGH_TO_TRY_S = 600.0


def run_in_rounds(job: Job, options: PipelineOptions, console: Console) -> PipelineEnd:
    """Pass over the archive until batch jobs have nothing more to bring; mostly, that is once.

    Raises:
        InputError: the service takes no job of ours.
    """
    rounds = _Rounds(job, console)
    while True:
        if rounds.needed and rounds.watch() is End.LEFT:
            return PipelineEnd.UNDER_WAY
        now = rounds.told
        ended = run_pipeline(
            partial(define_pipeline, job=now),
            options,
            console,
            verb="asking",
            files=job.files_asked,
        )
        if ended is not PipelineEnd.DONE or not rounds.go_on():
            return ended


@dataclass(slots=True)
class _Rounds:
    job: Job
    console: Console
    begun: float = field(default_factory=time.monotonic)

    @property
    def needed(self) -> bool:
        """Whether jobs ask anything, or did in an earlier start."""
        return bool(self.job.batches) or any(job.open for job in self.files.all())

    @property
    def batches(self) -> Batches:
        return self.job.batches or Batches(Rules(), {})

    @property
    def files(self) -> JobFiles:
        return JobFiles(self.job.plan.journal.folder, self.batches.root)

    @property
    def run_id(self) -> str:
        return self.job.plan.journal.run_id

    def watch(self) -> End:
        """Wait for what is open, as long as the rules allow."""
        self.files.remove_orphans()
        if not any(job.open for job in self.files.all()):
            return End.TAKEN
        with jobs_of(self.job.plan.service) as jobs, BatchBoard(self.console).shown() as board:
            watch = Watch(
                jobs=jobs,
                files=self.files,
                billing=Billing(self.job.plan.service),
                taking=Taking(self.run_id, self.job.plan.journal.digits),
                write=lambda taking: _writer(self.job.plan.journal, taking),
                rules=self._rules_left,
                tell=board.tell,
            )
            end = watch.go()
        if end is End.MIXED_UP:
            self._echo_all()
        if end in (End.GIVEN_UP, End.SPOILT):
            self._ask_at_once()
        return end

    def go_on(self) -> bool:
        """Order what the pass wrote down; False where that is nothing."""
        parts = self.files.written(self.run_id)
        if not parts:
            return False
        if self._small(parts):
            self._ask_at_once()
        else:
            for order in self._orders(parts):
                self.files.write(BatchJob(order))
        self.files.forget_written(self.run_id)
        return True

    @property
    def told(self) -> Job:
        """The job of the next pass; should it publish, `run.json` tells of the jobs before it."""
        facts = batch_facts(self.files.all(), self.run_id)
        return replace(self.job, facts=self.job.facts | facts)

    @property
    def _rules_left(self) -> Rules:
        rules = self.batches.rules
        if rules.wait_s is None:
            return rules
        waited = time.monotonic() - self.begun
        return replace(rules, wait_s=max(0.0, rules.wait_s - waited))

    def _orders(self, parts: Sequence[Part]) -> Iterator[JobOrder]:
        service, wait_s = self.job.plan.service, self.batches.rules.wait_s
        before = self.files.all()
        known = {job.order.kind for job in before if job.taken and job.taken.good}
        tries = wait_s is None or wait_s >= _LONG_ENOUGH_TO_TRY_S
        for model in sorted({part.model for part in parts}):
            some = [part for part in parts if part.model == model]
            tokens = enqueued_limit(model, self.batches.rules.usage_tier).tokens
            limits = job_limits(vertex=service.vertex)
            most = Most(limits.requests, limits.file_bytes, None if service.vertex else tokens)
            orders = list(
                orders_of(
                    some,
                    most,
                    known=known if tries else None,
                    run_id=self.run_id,
                    answerer=service.answerer,
                    at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                )
            )
            say(self.console, ordered_line(orders))
            yield from orders

    def _small(self, parts: Sequence[Part]) -> bool:
        """Whether a later round is not worth a job of its own."""
        ours = [job for job in self.files.all() if job.order.run_id == self.run_id]
        taken = [job.taken for job in ours if job.taken]
        if not taken:
            return False
        requests, paid = sum(part.rows for part in parts), sum(one.cost for one in taken)
        for model in {part.model for part in parts}:
            tier = self.batches.fallbacks.get(model)
            # At standard, which a worst case is of, it costs twice what it does in batch.
            worst = sum(part.worst for part in parts if part.model == model)
            extra = 0 if tier is ServiceTier.FLEX else worst // 2
            if not asked_at_once(requests, extra, paid, tier):
                return False
        cost = f"at most ${usd(sum(part.worst for part in parts)):f}"
        say(self.console, f"{requests:,} requests are left, {cost}: they are asked without a job.")
        return True

    def _ask_at_once(self) -> None:
        plan = self.job.plan
        if plan.batches:
            batches = replace(plan.batches, at_once=self.batches.fallbacks)
            self.job = replace(self.job, plan=replace(plan, batches=batches))

    def _echo_all(self) -> None:
        plan = self.job.plan
        if plan.batches:
            batches = replace(plan.batches, echo_all=True)
            self.job = replace(self.job, plan=replace(plan, batches=batches))


def _writer(journal: JournalFiles, taking: Taking) -> WriteEntries:
    files = replace(journal, run_id=taking.run_id, digits=taking.digits)
    return files.write


@contextmanager
def jobs_of(service: Service) -> Iterator[BatchJobs]:
    """The batch jobs of a service; Google's library takes long to import."""
    opened = import_module("tierwise.gemini.batch.open_jobs")
    yield opened.batch_jobs(service)
