"""What pictures that have met add up to, whatever their number, bucket by bucket."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tierwise.answers.labels import SeveralLabels
from tierwise.comparison.picture_rows import ANSWERED, BY_PEOPLE
from tierwise.records import UNASKED, Reason
from tierwise.report.task_facts import AskedTask
from tierwise.statistics.clusters import Clusters

# Of each task. Contents come in the order of a hash, so that frequent pairs are among the first.
_MOST_PAIRS = 20_000
# A picture that one of the outputs does not have.
ABSENT = "absent"
# What became of pictures that nobody was paid for, though a model could have been.
_NO_REQUEST = UNASKED | {BY_PEOPLE}
_NO_PICTURE = {Reason.UNREADABLE, Reason.UNSUPPORTED_FORMAT, Reason.TOO_LARGE}

Change = tuple[str, str]


@dataclass(slots=True)
class TaskSums:
    """One task. `states` are what became of a picture then and now, and how often.

    `pairs` are changes of labels; those beyond the bound count as `other_changes`. `old_labels`
    and `new_labels` count labels of pictures that were answered in both. `files` tells pages that
    lie in one file, which differ together.
    """

    states: Counter[Change] = field(default_factory=Counter)
    changed: int = 0
    pairs: Counter[Change] = field(default_factory=Counter)
    other_changes: int = 0
    old_labels: Counter[str] = field(default_factory=Counter)
    new_labels: Counter[str] = field(default_factory=Counter)
    files: Clusters = field(default_factory=Clusters)

    @property
    def compared(self) -> int:
        """Pictures that a model has answered in both."""
        return self.states[ANSWERED, ANSWERED]

    @property
    def by_people(self) -> int:
        """Pictures answered in both, in one of them at least by people."""
        said = {ANSWERED, BY_PEOPLE}
        every = sum(n for (old, new), n in self.states.items() if {old, new} <= said)
        return every - self.compared


@dataclass(slots=True)
class SideSums:
    """What one output costs. `nano` are nano-dollars of pictures by task, in this run.

    `paid` are the pictures that it was for, `recalled` those that an earlier run has paid. Of
    those that nothing was paid for, `unasked` were left over, or answered by people: asked, they
    cost what others do. Files that are no pictures cost nothing in any run, and are in neither.
    """

    pictures: int = 0
    nano: Counter[int] = field(default_factory=Counter)
    paid: Counter[int] = field(default_factory=Counter)
    recalled: Counter[int] = field(default_factory=Counter)
    unasked: Counter[int] = field(default_factory=Counter)
    unasked_as: Counter[str] = field(default_factory=Counter)

    def add(self, pictures: pa.Table) -> None:
        """Take in one row for each picture and task."""
        self.pictures += pictures.group_by(["content", "page"]).aggregate([]).num_rows
        sums = pictures.append_column("free", pc.equal(pictures["nano"], 0))
        sums = sums.append_column("rows", pa.repeat(1, pictures.num_rows))
        sums = sums.group_by(["task", "state", "recalled", "free"], use_threads=False)
        for row in sums.aggregate([("nano", "sum"), ("rows", "sum")]).to_pylist():
            task, state, rows = row["task"], row["state"], row["rows_sum"]
            self.nano[task] += row["nano_sum"]
            if row["recalled"]:
                self.recalled[task] += rows
            elif row["free"] and state in _NO_REQUEST:
                self.unasked[task] += rows
                self.unasked_as[state] += rows
            elif not (row["free"] and state in _NO_PICTURE):
                self.paid[task] += rows

    @property
    def asked_nano(self) -> int | None:
        """What all pictures cost when each is asked once; None where too little is known."""
        others = self.recalled + self.unasked
        if any(not self.paid[task] for task in others):
            return None
        return sum(
            round(Fraction(nano * (self.paid[task] + others[task]), self.paid[task]))
            for task, nano in self.nano.items()
            if self.paid[task]
        )


@dataclass(frozen=True, slots=True)
class BothAsked:
    """A task as each of the outputs asked it."""

    old: AskedTask
    new: AskedTask

    @property
    def has_labels(self) -> bool:
        """Whether both count their answers by labels."""
        return bool(self.old.labels and self.new.labels)


def add_met(sums: Sequence[TaskSums], tasks: Sequence[BothAsked], met: pa.Table) -> None:
    """Take in pictures that have met; tasks have the numbers of their sums."""
    states = [pc.fill_null(met[name], ABSENT) for name in ("old_state", "new_state")]
    for task, old, new, rows in _counted([met["task"], *states]):
        sums[task].states[old, new] += rows
    compared = met.filter(met["compared"])
    for task, members, differing, files in _files(compared):
        sums[task].changed += differing * files
        sums[task].files += Clusters({(members, differing): files})
    labelled = [number for number, one in enumerate(tasks) if one.has_labels]
    compared = compared.filter(pc.is_in(compared["task"], pa.array(labelled, pa.int32())))
    for task, text, rows in _counted([compared["task"], compared["old_answer"]]):
        for label in labels_in(tasks[task].old, text):
            sums[task].old_labels[label] += rows
    for task, text, rows in _counted([compared["task"], compared["new_answer"]]):
        for label in labels_in(tasks[task].new, text):
            sums[task].new_labels[label] += rows
    changed = compared.filter(compared["changed"])
    for task, old, new, rows in _counted(
        [changed[n] for n in ("task", "old_answer", "new_answer")]
    ):
        pairs = sums[task].pairs
        if (old, new) in pairs or len(pairs) < _MOST_PAIRS:
            pairs[old, new] += rows
        else:
            sums[task].other_changes += rows


def labels_in(task: AskedTask, text: str) -> list[str]:
    """The labels of an answer as a cell says it."""
    return json.loads(text) if task.answers is SeveralLabels else [text]


def told_answer(task: AskedTask, text: str) -> str:
    """An answer as people write it into a sheet: several labels as `a; b`."""
    if task.answers is not SeveralLabels:
        return text
    labels = labels_in(task, text)
    return text if any(";" in label for label in labels) else "; ".join(labels)


def _counted(columns: Sequence[pa.ChunkedArray]) -> Iterator[tuple[Any, ...]]:
    """Each combination of cells, and how often it is there."""
    names = [str(number) for number in range(len(columns))]
    table = pa.table([*columns, pa.repeat(1, len(columns[0]))], [*names, "rows"])
    found = table.group_by(names, use_threads=False).aggregate([("rows", "sum")])
    yield from zip(*(found[name].to_pylist() for name in (*names, "rows_sum")), strict=True)


def _files(compared: pa.Table) -> Iterator[tuple[int, int, int, int]]:
    """Of each task: how many files have so many pages, of which so many changed."""
    table = compared.select(["task", "content"])
    table = table.append_column("pages", pa.repeat(1, table.num_rows))
    table = table.append_column("changed", pc.cast(compared["changed"], pa.int64()))
    files = table.group_by(["task", "content"], use_threads=False).aggregate(
        [("pages", "sum"), ("changed", "sum")]
    )
    yield from _counted([files[name] for name in ("task", "pages_sum", "changed_sum")])
