"""Two finished outputs held against each other, in memory that does not grow with the archive.

Rows of both go to buckets on this machine's disk, by a hash of their content. So those about one
picture meet in one bucket, and a bucket is as much as is held.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tierwise.accounts.table_names import ANSWERS, COUNTS, FAILURES, answers_table
from tierwise.answerer import Answerer, ServiceKind, answerer_of_run
from tierwise.comparison.meeting import meet, pictures_of
from tierwise.comparison.picture_rows import (
    ANSWER_COLUMNS,
    FAILURE_COLUMNS,
    LATER_COLUMNS,
    ROWS,
    answer_rows,
    buckets_of,
    failure_rows,
)
from tierwise.comparison.sums import ABSENT, BothAsked, SideSums, TaskSums, add_met
from tierwise.errors import InputError, TablesError
from tierwise.publishing.check_tables import check_tables
from tierwise.publishing.finished_run import FinishedRun, open_finished_run
from tierwise.report.task_facts import AskedTask

# Of one output; some hundred bytes each, held a few times over.
_ROWS_PER_BUCKET = 100_000
# Each is an open file, of which a process may have a thousand.
_MOST_BUCKETS = 400
_COUNTED = ("task", "label", "share", "low", "high", "method", "labelled")


@dataclass(slots=True)
class Compared:
    """Two outputs, the tasks that both have asked, and what these add up to in the same order."""

    old: FinishedRun
    new: FinishedRun
    tasks: tuple[BothAsked, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    sums: tuple[TaskSums, ...]
    old_side: SideSums = field(default_factory=SideSums)
    new_side: SideSums = field(default_factory=SideSums)

    @property
    def emulated(self) -> bool:
        """Whether answers and dollars mean nothing outside."""
        return _answerer(self.new.run).emulated

    @property
    def sample(self) -> bool:
        """Whether the pictures of one of them are drawn at random from its archive."""
        return "first" in self.old.run or "first" in self.new.run


def open_both(old: str, new: str) -> Compared:
    """Two outputs that can be held against each other.

    Raises:
        InputError: one is no finished run, is damaged, or is emulated where the other is not; or
            they have no task in common.
    """
    first, second = _opened(old, "old"), _opened(new, "new")
    if first.run["run_id"] == second.run["run_id"]:
        raise InputError(f"--old={old} and --new={new}: hold the same run. Name two outputs.")
    _check_answerers(first, second)
    then, now = _asked(first), _asked(second)
    tasks = tuple(BothAsked(then[name], one) for name, one in now.items() if name in then)
    if not tasks:
        raise InputError(
            f"--old={old} and --new={new}: have no task in common: {', '.join(then) or 'none'} in "
            f"the old one, {', '.join(now) or 'none'} in the new. Tasks are told by their names."
        )
    return Compared(
        old=first,
        new=second,
        tasks=tasks,
        only_old=tuple(name for name in then if name not in now),
        only_new=tuple(name for name in now if name not in then),
        sums=tuple(TaskSums() for _ in tasks),
    )


def go_through(compared: Compared, take: Callable[[pa.Table], None]) -> None:
    """Sum both outputs up; `take` gets all pictures that have met, some thousand at a time.

    Raises:
        InputError: a table cannot be read, or no picture is in both.
    """
    runs = compared.old, compared.new
    buckets = min(_MOST_BUCKETS, 1 + max(map(_rows, runs)) // _ROWS_PER_BUCKET)
    with tempfile.TemporaryDirectory(prefix="compare-") as place:
        folders = [Path(place, name) for name in ("old", "new")]
        for found, folder in zip(runs, folders, strict=True):
            folder.mkdir()
            _spill(found, compared.tasks, folder, buckets)
        for bucket in range(buckets):
            old, new = (_bucket(folder, bucket) for folder in folders)
            old, new = pictures_of(old, new), pictures_of(new, old)
            compared.old_side.add(old)
            compared.new_side.add(new)
            met = meet(old, new)
            add_met(compared.sums, compared.tasks, met)
            take(met)
    _check_met(compared)


def counted_labels(compared: Compared) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Labels whose number people's labels tell, by task and label: the new output's, else the old.

    Both are of what is so, whatever was answered.
    """
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for run in (compared.old, compared.new):
        for batch in run.batches(COUNTS, _COUNTED, _by(run)):
            for row in batch.to_pylist():
                if all(row.get(name) is None for name in _by(run)):
                    found[row["task"], row["label"]] = row
    return found


def _by(found: FinishedRun) -> tuple[str, ...]:
    """The column that counts are told apart by; its rows are of a part of the archive."""
    facts = found.run.get("counts", {}).values()
    return tuple({one["by"]["column"] for one in facts if "by" in one})


def _opened(folder: str, flag: str) -> FinishedRun:
    found = open_finished_run(folder, flag)
    try:
        check_tables(folder, found.run["tables"])
    except TablesError as error:
        raise InputError(f"--{flag}={folder}: is damaged: {error}") from error
    return found


def _answerer(run: Mapping[str, Any]) -> Answerer:
    told = run.get("answerer")
    if told:
        return Answerer(ServiceKind(told["service"]), told["emulator"])
    found = answerer_of_run(run)
    if found is None:
        raise InputError(f"run {run['run_id']} does not say who answered. Run it again.")
    return found


def _check_answerers(old: FinishedRun, new: FinishedRun) -> None:
    first, second = _answerer(old.run), _answerer(new.run)
    if first.emulated != second.emulated:
        raise InputError(
            f"--old={old.folder}: was answered by {first.told}, --new={new.folder} by "
            f"{second.told}. What an emulator says is nothing to hold Gemini's answers against."
        )


def _asked(found: FinishedRun) -> dict[str, AskedTask]:
    return {task.name: task for task in found.asked if not task.audit_of}


def _rows(found: FinishedRun) -> int:
    folders = (f"{ANSWERS}/", f"{FAILURES}/")
    return sum(one["rows"] for one in found.run["tables"] if one["file"].startswith(folders))


def _spill(found: FinishedRun, tasks: Sequence[BothAsked], folder: Path, buckets: int) -> None:
    with ExitStack() as files:
        writers: dict[int, Any] = {}
        for batch in _compact(found, tasks):
            numbers = buckets_of(batch, buckets)
            ordered = batch.take(pa.array(np.argsort(numbers, kind="stable")))
            there, counts = np.unique(numbers, return_counts=True)
            start = 0
            for bucket, rows in zip(there.tolist(), counts.tolist(), strict=True):
                if bucket not in writers:
                    path = _path(folder, bucket)
                    writers[bucket] = files.enter_context(pa.ipc.new_file(path, ROWS))
                writers[bucket].write_batch(ordered.slice(start, rows))
                start += rows


def _compact(found: FinishedRun, tasks: Sequence[BothAsked]) -> Iterator[pa.RecordBatch]:
    numbers = {task.new.name: number for number, task in enumerate(tasks)}
    for name, number in numbers.items():
        for batch in found.batches(answers_table(name), ANSWER_COLUMNS, LATER_COLUMNS):
            yield answer_rows(batch, number)
    for batch in found.batches(FAILURES, FAILURE_COLUMNS):
        yield failure_rows(batch, numbers)


def _path(folder: Path, bucket: int) -> str:
    return str(folder / f"{bucket}.arrow")


def _bucket(folder: Path, bucket: int) -> pa.Table:
    path = _path(folder, bucket)
    if not Path(path).exists():
        return ROWS.empty_table()
    with pa.OSFile(path) as stream:
        return pa.ipc.open_file(stream).read_all()


def _check_met(compared: Compared) -> None:
    if any(ABSENT not in states for one in compared.sums for states in one.states):
        return
    raise InputError(
        f"--old={compared.old.folder} and --new={compared.new.folder}: have no picture in common, "
        "by content_hash and page. They are of other archives; or of one that lay on a disk for "
        "one (sha256) and in a bucket for the other (md5): run both from the same place."
    )
