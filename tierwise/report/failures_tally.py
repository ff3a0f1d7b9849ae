"""What the page says of failures, summed up batch by batch in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.report.answer_rows import keys_of
from tierwise.report.candidates import Candidate

COLUMNS = ("uri", "page", "content_hash", "task", "reason", "message")

_EXAMPLES = 4
_MOST_PICTURED = 60
# Beyond so many, pictures that failed are no longer told from tasks that failed.
_MOST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class FailedExample:
    """A picture that failed, perhaps in several tasks, and why."""

    uri: str
    page: int
    message: str


@dataclass(slots=True)
class FailuresTally:
    """All tasks; `pictured` are the keys of pictures with a thumbnail."""

    pictured: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)  # by reason and task
    examples: dict[str, list[FailedExample]] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    _images: set[int] = field(default_factory=set)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch in."""
        table = pa.Table.from_batches([batch])
        counted = table.group_by(["reason", "task"], use_threads=False).aggregate(
            [([], "count_all")]
        )
        for found in counted.to_pylist():
            self.rows[found["reason"], found["task"]] += found["count_all"]
        for reason in pc.unique(batch.column("reason")).to_pylist():
            some = batch.filter(pc.equal(batch.column("reason"), reason))
            self._keep_examples(reason, some)
        self._keep_pictured(batch)
        if len(self._images) < _MOST_COUNTED:
            names = pc.binary_join_element_wise(
                batch.column("uri"), pc.cast(batch.column("page"), pa.string()), "#"
            )
            self._images.update(map(hash, names.to_pylist()))

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())

    @property
    def images(self) -> int | None:
        """How many pictures have a failure, None when they are too many to be told apart."""
        return len(self._images) if len(self._images) < _MOST_COUNTED else None

    def reasons(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Each reason with its rows by task, the most frequent first."""
        totals: Counter[str] = Counter()
        for (reason, _), rows in self.rows.items():
            totals[reason] += rows
        for reason, _ in sorted(totals.items(), key=lambda one: (-one[1], one[0])):
            tasks = {task: n for (why, task), n in sorted(self.rows.items()) if why == reason}
            yield reason, tasks

    def _keep_examples(self, reason: str, some: pa.RecordBatch) -> None:
        names = pa.Table.from_batches([some.select(["uri", "page", "message"])])
        told_apart = names.group_by(["uri", "page", "message"], use_threads=False).aggregate([])
        order = pc.select_k_unstable(
            told_apart, k=_EXAMPLES, sort_keys=[("uri", "ascending"), ("page", "ascending")]
        )
        found = {
            FailedExample(row["uri"], row["page"], row["message"] or "")
            for row in told_apart.take(order).to_pylist()
        }
        both = found | set(self.examples.get(reason, []))
        self.examples[reason] = heapq.nsmallest(_EXAMPLES, both)

    def _keep_pictured(self, batch: pa.RecordBatch) -> None:
        keys = keys_of(batch)
        rows = np.flatnonzero(np.asarray(pc.fill_null(pc.is_in(keys, self.pictured), False)))
        known = {one.key for one in self.candidates}
        for row in rows[:_MOST_PICTURED]:
            key = keys[int(row)].as_py()
            if key not in known and len(self.candidates) < _MOST_PICTURED:
                uri = batch.column("uri")[int(row)].as_py()
                self.candidates.append(Candidate(False, 0, key.rpartition("#")[0][-8:], key, uri))
                known.add(key)
