"""A job: what is asked of which archive, and the tables that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tierwise.accounts.admission import Untraced
from tierwise.accounts.table_names import FAILURES, FILES, WIDE, answers_table, new_rows_table
from tierwise.accounts.tables import answers_schema, failures_schema
from tierwise.accounts.wide_table import WideTable, wide_table
from tierwise.answering.plan import Plan
from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel
from tierwise.batches.terms import Terms
from tierwise.counts.tally import Counting
from tierwise.evaluation import Judged
from tierwise.journal.rate_share import PERIOD_S
from tierwise.journal.run_records import Lease
from tierwise.known_files import Memory, files_schema
from tierwise.publishing.publish_run import Publication
from tierwise.storage.listing import Input
from tierwise.taxonomy.taxonomy import Taxonomy
from tierwise.transforms.share_near_duplicates import Likeness


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with which archive, at the prices of the day `on`.

    `facts` go into `run.json` as they are.
    `cost_by` is the manifest's column that costs are told apart by, empty for none; `cap`, in
    nano-dollars, is None without `--max_cost_usd`, and `likeness` without `--near_duplicates`. With
    `page`, it leaves the page for people too. `lease` is kept by the workers when it is there, else
    by the launcher. `untraced` is what earlier runs into the output may have paid besides.
    `renamed` are columns of the manifest that have another name in tables, `judged`
    are the tasks that it says something about. `first` is how many contents a pilot asks, None for
    all. `counting` is None where no labels were drawn at random. People have
    `spoken` where any of their words stand. `batches` is None where nothing is
    asked by batch jobs; a job that `hands_in` does so itself, for nobody waits for it. One that may
    `take_over` takes the output from a run that is not known to be dead. `pass_name` tells one pass
    over the archive from another, where batch jobs ask.
    `earlier_tables` are the parts of the last run's tables that tell which contents its names had,
    none where a listing tells that. `memory` is what that run knew of its files, None where nobody
    asks; `earlier_rows` are its answers and failures, below the output, None without `--only_new`.
    """

    found: Input
    on: date
    output: str
    plan: Plan
    facts: dict[str, Any]
    cost_by: str = ""
    cap: int | None = None
    likeness: Likeness | None = None
    page: bool = False
    lease: Lease | None = None
    untraced: Untraced = Untraced()
    renamed: Mapping[str, str] = field(default_factory=dict)
    judged: Mapping[str, Judged] = field(default_factory=dict)
    first: int | None = None
    counting: Counting | None = None
    spoken: bool = False
    batches: Terms | None = None
    hands_in: bool = False
    take_over: bool = False
    pass_name: str = ""
    earlier_tables: tuple[str, ...] = ()
    memory: Memory | None = None
    earlier_rows: tuple[str, ...] | None = None

    @property
    def terms(self) -> Terms:
        """How batch jobs are looked after, of an earlier start too where none ask anything now."""
        return self.batches or Terms()

    @property
    def files_asked(self) -> int:
        """How many files there are to ask about, but for further names of a pilot's."""
        files: int = self.facts["files"]
        return files if self.first is None else min(files, self.first)

    @property
    def columns(self) -> dict[str, str]:
        """The manifest's columns under the names they have in tables, and their kinds."""
        kinds = self.found.columns.items()
        return {self.renamed.get(name, name): kind for name, kind in kinds}

    @property
    def wide(self) -> WideTable:
        """The table with a row per picture; audits ask a sample alone, and have no column."""
        tasks = (task for task in self.plan.questions.with_rows if not task.audit)
        answers = {task.name: task.answer.value_schema() for task in tasks}
        return wide_table(answers, self.columns)

    @property
    def counted(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each task that is counted."""
        kinds = self.counting.kinds if self.counting else {}
        return {task: kind.options() for task, kind in kinds.items()}

    @property
    def kinds(self) -> Mapping[str, AnswerType]:
        """The kinds of answers, by task."""
        return {task.name: task.answer for task in self.plan.questions.with_rows}

    @property
    def lost_by_another(self) -> bool:
        """Whether the output was taken from a run that may be alive and ask on for a while."""
        return "took_over" in self.facts

    @property
    def trees(self) -> Mapping[str, Taxonomy]:
        """By task, the trees in which answers are judged at each level."""
        kinds = ((name, one.kind) for name, one in self.judged.items())
        return {
            name: kind.taxonomy
            for name, kind in kinds
            if isinstance(kind, OneLabel) and kind.taxonomy and kind.taxonomy.is_tree
        }

    @property
    def publication(self) -> Publication:
        """The tables that it leaves, and where."""
        questions, columns = self.plan.questions, self.columns
        by = self.counting.by if self.counting else ""
        schemas = {
            answers_table(task.name): answers_schema(task.answer.value_schema(), columns)
            for task in questions.with_rows
        }
        schemas[FAILURES] = failures_schema(columns)
        if self.earlier_rows is not None:
            schemas |= {new_rows_table(table): schema for table, schema in schemas.items()}
        if self.memory:
            schemas[FILES] = files_schema()
        return Publication(
            output=self.output,
            journal=self.plan.journal,
            tasks=tuple(task.name for task in questions.with_rows),
            schemas={**schemas, WIDE: self.wide.schema()},
            facts=self.facts,
            cost_by=self.renamed.get(self.cost_by, self.cost_by),
            judged=tuple(self.judged),
            trees=self.trees,
            audits=questions.audits,
            page=self.page,
            untraced=self.untraced,
            first=self.first,
            counted=self.counted,
            counts_by=self.renamed.get(by, by),
            terms=self.terms,
            hands_in=self.plan.service if self.hands_in else None,
            pass_name=self.pass_name,
        )


def handed_over(job: Job, lease: Lease) -> Job:
    """The job for workers that may outlive its launcher: they keep the lease, and the pace."""
    return replace(job, lease=lease, plan=replace(job.plan, shares_rate=True, look_s=PERIOD_S))
