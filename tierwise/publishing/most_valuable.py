"""Which pictures of a finished run are worth most to whoever corrects its answers.

In turn from four lists: answers in doubt, the rarest labels, those that a local model was least
sure of, and those that differ from an old label. What people have answered is in none. This is no
draw: mistakes are more frequent here than anywhere, and nothing can be estimated from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import zip_longest
from typing import Any

import pyarrow as pa

from tierwise.accounts.table_names import answers_table
from tierwise.answerer import AnsweredBy
from tierwise.counts.draw import is_counted
from tierwise.publishing.finished_run import FinishedRun
from tierwise.publishing.write_report import audit_answers
from tierwise.report import answer_rows
from tierwise.report.answer_rows import (
    ANSWERED_BY,
    LOCAL_SCORE,
    OPTIONAL_COLUMNS,
    doubts_of,
    keys_of,
    labels_of,
)
from tierwise.report.doubt import SAID, Doubt, doubts_in
from tierwise.report.task_facts import AskedTask

# Of an even share of all answers, what a rare label has at most.
_RARE = 0.5


@dataclass(frozen=True, slots=True, order=True)
class Valuable:
    """A picture and a task, with why it is worth a look; the first are worth most."""

    rank: tuple[float, str]
    content_hash: str
    page: int
    uri: str
    why: str
    answered: str


def most_valuable(found: FinishedRun, task: AskedTask, count: int) -> list[Valuable]:
    """So many pictures of a task, or as many as there is any reason for.

    The tables are read twice, and a few times as many pictures as are wanted are held.
    """
    audits = [one for one in found.asked if one.audit_of == task.name]
    audited = {key: one for audit in audits for key, one in audit_answers(found, audit).items()}
    labels = Counter[str]()
    for batch in _batches(found, task):
        labels.update(labels_of(batch.column("answer"), task).to_pylist())
    lists: list[list[Valuable]] = [[], [], [], []]
    for batch in _batches(found, task):
        reasons = _reasons(batch, task, audited, labels)
        lists = [
            nsmallest(2 * count, [*kept, *some]) for kept, some in zip(lists, reasons, strict=True)
        ]
    chosen: dict[tuple[str, int], Valuable] = {}
    for turn in zip_longest(*map(sorted, lists)):
        for one in turn:
            if one and len(chosen) < count:
                chosen.setdefault((one.content_hash, one.page), one)
    return list(chosen.values())


def _batches(found: FinishedRun, task: AskedTask) -> Iterator[pa.RecordBatch]:
    manifest = [name for name in (task.old_column, task.truth_column) if name]
    optional = [*OPTIONAL_COLUMNS, *manifest]
    return found.batches(answers_table(task.name), answer_rows.COLUMNS, optional)


def _reasons(
    batch: pa.RecordBatch, task: AskedTask, audited: Mapping[str, Any], labels: Counter[str]
) -> Sequence[list[Valuable]]:
    """What is in doubt, rare, unsure and changed among some answers."""
    doubtful, rare, unsure, changed = [], [], [], []
    doubts = doubts_of(batch, task, keys_of(batch), audited)
    even = sum(labels.values()) / max(1, len(task.labels))
    for row, mask in zip(batch.to_pylist(), doubts.tolist(), strict=True):
        if row.get(ANSWERED_BY) == AnsweredBy.HUMAN or not is_counted(row["content_hash"]):
            continue
        few = [labels[label] for label in task.answers.picked(row["answer"])]
        others = mask & ~int(Doubt.CHANGED)
        if others:
            said = "; ".join(SAID[doubt] for doubt in doubts_in(others))
            doubtful.append(_valuable(row, task, -others, said))
        if few and min(few) < _RARE * even:
            said = f"a rare label: {min(few)} of {sum(labels.values())} answers"
            rare.append(_valuable(row, task, min(few), said))
        if (score := row.get(LOCAL_SCORE)) is not None:
            unsure.append(_valuable(row, task, score, f"a local model, sure to {score:.2f}"))
        if mask & Doubt.CHANGED:
            changed.append(_valuable(row, task, 0, SAID[Doubt.CHANGED]))
    return doubtful, rare, unsure, changed


def _valuable(row: Mapping[str, Any], task: AskedTask, rank: float, why: str) -> Valuable:
    content = row["content_hash"]
    told = task.answers.told(row["answer"])
    return Valuable((rank, content[-16:]), content, row["page"], row["uri"], why, told)
