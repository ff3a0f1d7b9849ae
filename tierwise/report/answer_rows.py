"""Batches of one task's answers: their doubts, and what they are as text. Columns, never rows.

A picture's key is its content hash and its page, `sha256:0a1b...#1`, which is the same for all
names of one content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.answerer import AnsweredBy
from tierwise.answers.structs import CONFIDENCE
from tierwise.report.doubt import Doubt
from tierwise.report.task_facts import AskedTask

COLUMNS = (
    *("uri", "page", "content_hash", "width", "height", "answer", "model", "model_version"),
    *("media_resolution", "images_in_request", "image_tokens", "output_tokens", "thought_tokens"),
    *("attempts", "reused"),
)
# Columns that only some runs have.
ESCALATED = "escalated"
ROUTE_REASON = "route_reason"
ASKED_WITH = "asked_with"
ANSWERED_BY, LOCAL_SCORE = "answered_by", "local_score"
OPTIONAL_COLUMNS = (ESCALATED, ROUTE_REASON, ASKED_WITH, ANSWERED_BY, LOCAL_SCORE)

Mask = NDArray[np.int64]


def keys_of(batch: pa.RecordBatch) -> pa.Array:
    """The key of each row's picture; of a file that could not be read, null."""
    pages = pc.cast(batch.column("page"), pa.string())
    return pc.binary_join_element_wise(batch.column("content_hash"), pages, "#")


def labels_of(answers: pa.Array, task: AskedTask) -> pa.Array:
    """The labels that answers are counted by, as often as they were given; else nothing."""
    if not task.labels:
        return pa.array([], pa.string())
    several = pa.types.is_list(answers.type)
    return pc.cast(pc.list_flatten(answers) if several else answers, pa.string())


def answer_texts(answers: pa.Array, task: AskedTask) -> pa.Array:
    """Answers by which pictures are told apart: their labels, where they are counted by labels."""
    if not task.labels:
        return pa.array([""] * len(answers), pa.string())
    several = pa.types.is_list(answers.type)
    return pc.binary_join(answers, ", ") if several else pc.cast(answers, pa.string())


def doubts_of(
    batch: pa.RecordBatch, task: AskedTask, keys: pa.Array, audited: Mapping[str, Any]
) -> Mask:
    """The doubts about each row, as numbers; `audited` are the audit's answers by key."""
    marks: Mask = np.zeros(batch.num_rows, np.int64)
    answers = batch.column("answer")
    if task.when:
        marks |= int(Doubt.FOLLOWED)
    if ESCALATED in batch.schema.names:
        marks |= _where(batch.column(ESCALATED), Doubt.ESCALATED)
    marks |= _where(pc.greater(batch.column("attempts"), 1), Doubt.REPEATED)
    if task.labels and pa.types.is_string(answers.type):
        marks |= _where(_differs(batch, task.old_column, answers), Doubt.CHANGED)
        wrong = _differs(batch, task.truth_column, answers, among=task.labels)
        marks |= _where(wrong, Doubt.WRONG)
    confidence = confidences(answers)
    if confidence is not None and task.unsure_below is not None:
        marks |= _where(pc.less(confidence, task.unsure_below), Doubt.UNSURE)
    if audited:
        marks |= _audited(keys, answers, audited)
    if ANSWERED_BY in batch.schema.names:  # what people say is in no doubt, but may have changed
        by_people = pc.equal(batch.column(ANSWERED_BY), str(AnsweredBy.HUMAN))
        marks[_numpy(by_people)] &= int(Doubt.CHANGED)
    return marks


def confidences(answers: pa.Array) -> pa.Array | None:
    """The confidence in each answer, where answers come with one."""
    if not pa.types.is_struct(answers.type):
        return None
    fields = {field.name: field.type for field in answers.type}
    kind = fields.get(CONFIDENCE)
    if kind is None or not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    return pc.struct_field(answers, CONFIDENCE)


def _differs(
    batch: pa.RecordBatch, column: str, answers: pa.Array, among: Sequence[str] = ()
) -> pa.Array:
    """Where a manifest's column says something else; an empty cell says nothing.

    With labels to be `among`, a cell that is none of them says nothing either: it may be another
    name of one, an id, or what no answer can be.
    """
    if not column or column not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.bool_())
    cells = pc.utf8_trim_whitespace(pc.cast(batch.column(column), pa.string()))
    said = pc.not_equal(cells, "")
    plain, ours = _plain(cells), _plain(answers)
    if among:
        said = pc.and_(said, pc.is_in(plain, _plain_labels(tuple(among))))
    return pc.and_(said, pc.not_equal(plain, ours))


def _plain(words: pa.Array) -> pa.Array:
    return pc.utf8_lower(pc.utf8_normalize(words, "NFC"))


@lru_cache(maxsize=16)
def _plain_labels(labels: tuple[str, ...]) -> pa.Array:
    return _plain(pa.array(labels, pa.string()))


def _audited(keys: pa.Array, answers: pa.Array, audited: Mapping[str, Any]) -> Mask:
    marks: Mask = np.zeros(len(keys), np.int64)
    known = pc.is_in(keys, pa.array(list(audited), pa.string()))
    for row in np.flatnonzero(_numpy(known)):
        if answers[int(row)].as_py() != audited[keys[int(row)].as_py()]:
            marks[row] = int(Doubt.AUDIT)
    return marks


def _where(truths: pa.Array, doubt: Doubt) -> Mask:
    return np.where(_numpy(truths), np.int64(doubt), np.int64(0))


def _numpy(truths: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.fill_null(truths, False).to_numpy(zero_copy_only=False)
    return found
