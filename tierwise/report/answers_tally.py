"""What the page says of one task's answers, summed up batch by batch in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.records import MediaResolution
from tierwise.report.answer_rows import (
    ASKED_WITH,
    ROUTE_REASON,
    answer_texts,
    doubts_of,
    keys_of,
    labels_of,
)
from tierwise.report.candidates import Candidates
from tierwise.report.doubt import Doubt, doubts_in
from tierwise.report.least_sure import LeastSure
from tierwise.report.savings import Naive
from tierwise.report.task_facts import AskedTask
from tierwise.tiers import image_tokens

# Of a picture whose size is not known, as the account has it.
_UNKNOWN_SIZE = (4000, 3000)
# Labels are at most 2,000; reasons of routes may name sizes, of which there is no end.
_MOST_COUNTED = 10_000
# Of a reason, what differs from picture to picture.
_SIZE, _DETAIL = r"\d+x\d+ px", r"fine detail [\d.]+"
_SCORE = r"^score [\d.]+ above .*$"


@dataclass(slots=True)
class AnswersTally:
    """One task, of which at most `most` pictures of each label may be shown.

    `naive` is by model.
    `pictured` are the keys of pictures with a thumbnail, `audited` the audit's answers by key.
    """

    task: AskedTask
    most: int
    vertex: bool = False
    pictured: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    audited: Mapping[str, Any] = field(default_factory=dict)
    images: int = 0
    reused: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    resolutions: Counter[str] = field(default_factory=Counter)
    route_reasons: Counter[str] = field(default_factory=Counter)
    doubts: Counter[Doubt] = field(default_factory=Counter)
    naive: dict[str, Naive] = field(default_factory=dict)
    candidates: Candidates = field(init=False)
    least_sure: LeastSure = field(default_factory=LeastSure)
    _sizes: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.candidates = Candidates(self.most)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch in."""
        keys = keys_of(batch)
        answers = batch.column("answer")
        labels = answer_texts(answers, self.task)
        doubts = doubts_of(batch, self.task, keys, self.audited)
        pictured = np.asarray(pc.fill_null(pc.is_in(keys, self.pictured), False))
        self.candidates.add(batch, keys, labels, doubts, pictured)
        self.least_sure.add(batch, keys, pictured)
        self.images += batch.num_rows
        self.reused += pc.sum(batch.column("reused")).as_py() or 0
        self._count(self.versions, batch.column("model_version"))
        self._count(self.resolutions, batch.column("media_resolution"))
        if ROUTE_REASON in batch.schema.names:
            reasons = pc.replace_substring_regex(batch.column(ROUTE_REASON), _SIZE, "sizes that")
            reasons = pc.replace_substring_regex(reasons, _DETAIL, "fine detail")
            reasons = pc.replace_substring_regex(reasons, _SCORE, "answered locally")
            self._count(self.route_reasons, reasons)
        self._count(self.labels, labels_of(answers, self.task))
        for mask, rows in zip(*np.unique(doubts, return_counts=True), strict=True):
            for doubt in doubts_in(int(mask)):
                self.doubts[doubt] += int(rows)
        self._add_naive(batch)

    def _count(self, counter: Counter[str], values: pa.Array) -> None:
        for found in pc.value_counts(values).to_pylist():
            value = found["values"]
            if value is not None and (value in counter or len(counter) < _MOST_COUNTED):
                counter[value] += found["counts"]

    def _add_naive(self, batch: pa.RecordBatch) -> None:
        """Of the answers that this run asked for, with pictures."""
        unasked = pc.fill_null(batch.column("reused"), False)
        asked = batch.filter(pc.and_not(pc.greater(batch.column("image_tokens"), 0), unasked))
        for model in pc.unique(asked.column("model")).to_pylist():
            some = asked.filter(pc.equal(asked.column("model"), model))
            self.naive[model] = self.naive.get(model, Naive()) + self._naive(some, model)

    def _naive(self, asked: pa.RecordBatch, model: str) -> Naive:
        width, height = (
            pc.fill_null(asked.column(name), 0).to_numpy().astype(np.int64)
            for name in ("width", "height")
        )
        shared = np.ones(asked.num_rows, np.int64)
        if ASKED_WITH in asked.schema.names:
            with_it = pc.fill_null(pc.list_value_length(asked.column(ASKED_WITH)), 0)
            shared += with_it.to_numpy(zero_copy_only=False).astype(np.int64)
        looks = np.stack([width, height, shared], axis=1)
        naive = Naive()
        for (wide, high, questions), count in zip(
            *np.unique(looks, axis=0, return_counts=True), strict=True
        ):
            tokens = self._at_high(model, int(wide), int(high)) * int(count)
            naive += Naive(
                Fraction(tokens, self.task.first_questions), Fraction(tokens, int(questions))
            )
        return naive

    def _at_high(self, model: str, width: int, height: int) -> int:
        size = (width, height) if width and height else _UNKNOWN_SIZE
        key = (model, *size)
        if key not in self._sizes:
            if len(self._sizes) > 100_000:  # one of each size is as good as none
                self._sizes.clear()
            self._sizes[key] = image_tokens(model, MediaResolution.HIGH, *size, vertex=self.vertex)
        return self._sizes[key]
