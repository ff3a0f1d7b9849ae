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
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.accounts.tables import usd
from tierwise.batches.batch_plan import BatchPlan
from tierwise.batches.job_facts import batch_facts
from tierwise.batches.job_files import BatchJob, JobFiles
from tierwise.batches.part import Part
from tierwise.batches.small_rounds import asked_at_once
from tierwise.batches.watch import End
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.run_file import open_run
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, report, run_pipeline, say_last
from tierwise.beam_pipeline.terminal.batch_board import BatchBoard, ordered_line
from tierwise.beam_pipeline.terminal.cost_table import dollars
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.errors import InputError, JobsUnavailableError, JournalError
from tierwise.journal.run_records import all_runs
from tierwise.records import ServiceTier
from tierwise.shown import counted

_UNDER_A_CAP = (
    "Under the cap a round holds the worst case of its requests, often many times what they cost: "
    "what does not fit waits for the next round."
)


def run_in_rounds(job: Job, options: PipelineOptions, console: Console) -> PipelineEnd:
    """Pass over the archive until batch jobs have nothing more to bring; mostly, that is once.

    Raises:
        InputError: the service takes no job of ours, and nothing was spent.
    """
    rounds = Rounds(job, console)
    while True:
        try:
            if rounds.watch() is End.LEFT:
                return PipelineEnd.UNDER_WAY
            ended = run_pipeline(
                partial(define_pipeline, job=rounds.next_pass),
                options,
                console,
                verb="asking",
                files=job.files_asked,
                lease=job.plan.journal.lease,
            )
        except (OSError, JournalError, JobsUnavailableError) as error:
            report(error)
            return PipelineEnd.BROKE_OFF
        except InputError as error:
            if not rounds.have_spent:
                raise
            say_last(plain(str(error)))
            return PipelineEnd.BROKE_OFF
        if ended is not PipelineEnd.DONE or not rounds.go_on():
            return ended


@dataclass(slots=True)
class Rounds:
    """One start of a run; `job` changes where its questions go another way from now on."""

    job: Job
    console: Console
    _begun: float = field(default_factory=time.monotonic)

    @property
    def _files(self) -> JobFiles:
        return self.job.terms.files(self.job.plan.journal)

    def _jobs(self) -> list[BatchJob]:
        """Those of this run, of this start and earlier ones."""
        run_id = self.job.plan.journal.run_id
        return [job for job in self._files.all() if job.order.run_id == run_id]

    def watch(self, wait_s: float | None = None) -> End:
        """Wait for what is open, for so many seconds, by default as long as the rules allow."""
        self._files.forget_written(self.job.plan.journal.run_id)  # of a start that was killed
        runs = all_runs(self.job.plan.journal.runs)
        self._files.remove_orphans({run.record.run_id for run in runs})
        allowed, plan = self.job.terms.rules.wait_s, self.job.plan
        if wait_s is None and allowed is not None:
            wait_s = max(0.0, allowed - (time.monotonic() - self._begun))
        with BatchBoard(self.console).shown() as board:
            end = self.job.terms.watch(
                plan.service, plan.journal, board.tell, wait_s, plan.cache_reserve
            )
        if plan.batches and self._was_mixed_up:
            self._go_on_with(replace(plan.batches, echo_all=True))
        return end

    @property
    def _was_mixed_up(self) -> bool:
        """Whether a job of this run was, in this start or an earlier one."""
        return any(job.taken and job.taken.mixed_up for job in self._jobs())

    @property
    def have_spent(self) -> bool:
        """Whether jobs of this run have cost anything, or may."""
        return any(
            job.taken.cost or job.taken.maybe_billed if job.taken else job.name
            for job in self._jobs()
        )

    @property
    def next_pass(self) -> Job:
        """The job of one more pass; should it publish, `run.json` tells of the jobs before it."""
        facts = batch_facts(self._files.all(), self.job.plan.journal.run_id)
        return replace(self.job, facts=self.job.facts | facts, pass_name=uuid.uuid4().hex[:8])

    def go_on(self) -> bool:
        """Order what the pass wrote down; False where that is nothing."""
        plan = self.job.plan
        parts = self._files.written(plan.journal.run_id)
        if parts and plan.batches and self._is_small(parts):
            self._go_on_with(replace(plan.batches, at_once=True))
        elif parts:
            say(self.console, ordered_line(self.job.terms.order(parts, plan.service, plan.journal)))
            if self.job.cap is not None:
                say(self.console, _UNDER_A_CAP)
            open_run(self.next_pass)  # so that who looks meanwhile sees the jobs
        self._files.forget_written(plan.journal.run_id)
        return bool(parts)

    def _is_small(self, parts: Sequence[Part]) -> bool:
        """Whether a later round is not worth a job of its own."""
        taken = [job.taken for job in self._jobs() if job.taken]
        answered = sum(one.answered for one in taken)
        if not answered:  # the first round, or one that tells nothing of what requests cost
            return False
        requests, paid = sum(part.rows for part in parts), sum(one.cost for one in taken)
        # Standard costs twice what batch does, for requests like those before them.
        extra = paid * requests // answered
        for model in {part.model for part in parts}:
            tier = self.job.terms.fallbacks.get(model)
            if not asked_at_once(requests, 0 if tier is ServiceTier.FLEX else extra, paid, tier):
                return False
        most = dollars(usd(sum(part.worst for part in parts)))
        left = f"{counted(requests, 'request')} left, at most ${most}: asked without a job."
        say(self.console, left)
        return True

    def _go_on_with(self, batches: BatchPlan) -> None:
        self.job = replace(self.job, plan=replace(self.job.plan, batches=batches))
