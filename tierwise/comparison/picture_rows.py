"""Rows of answers and failures as they meet: who and what they are about, and what was said.

Columns, never rows: an archive of millions has as many of these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.answerer import AnsweredBy
from tierwise.answers.written_words import plain_words
from tierwise.report.written import answer_cell

# Of each row; `said` is a digest of the answer whatever its case, spaces and order of properties.
# A file that could not be read has no hash: its name stands for its `content`. `nano` are
# nano-dollars, `recalled` an answer of an earlier run. `reason` is that of a failure.
ROWS = pa.schema(
    [
        ("task", pa.int32()),
        ("content", pa.string()),
        ("page", pa.int64()),
        ("uri", pa.string()),
        ("answer", pa.string()),
        ("said", pa.int64()),
        ("state", pa.string()),
        ("nano", pa.int64()),
        ("recalled", pa.bool_()),
    ]
)
ANSWERED, BY_PEOPLE = "answered", "by_people"
ANSWER_COLUMNS = ("uri", "page", "content_hash", "answer", "cost_usd", "reused")
# What older versions did not write.
LATER_COLUMNS = ("answered_by", "shared_with")
FAILURE_COLUMNS = ("uri", "page", "content_hash", "task", "reason", "cost_usd")
_UNREAD = "unread:"
_NANO = pa.scalar(Decimal(10**9), pa.decimal128(10, 0))


def answer_rows(batch: pa.RecordBatch, task: int) -> pa.RecordBatch:
    """Of a batch of one task's answers; `task` is its number."""
    names = batch.schema.names
    rows = batch.num_rows
    by = batch.column("answered_by") if "answered_by" in names else pa.nulls(rows, pa.string())
    human = pc.fill_null(pc.equal(by, str(AnsweredBy.HUMAN)), False)
    shared = batch.column("shared_with") if "shared_with" in names else pa.nulls(rows, pa.string())
    recalled = pc.and_(pc.fill_null(batch.column("reused"), False), pc.is_null(shared))
    written, said = _said(batch.column("answer"))
    return _rows(
        batch,
        task=pa.repeat(pa.scalar(task, pa.int32()), rows),
        answer=written,
        said=said,
        state=pc.if_else(human, BY_PEOPLE, ANSWERED),
        recalled=pc.and_not(recalled, human),
    )


def failure_rows(batch: pa.RecordBatch, tasks: Mapping[str, int]) -> pa.RecordBatch:
    """Of a batch of failures, those of the numbered tasks."""
    names = pa.array(list(tasks), pa.string())
    batch = batch.filter(pc.is_in(batch.column("task"), names))
    rows = batch.num_rows
    return _rows(
        batch,
        task=pc.cast(pc.index_in(batch.column("task"), names), pa.int32()),
        answer=pa.nulls(rows, pa.string()),
        said=pa.nulls(rows, pa.int64()),
        state=batch.column("reason"),
        recalled=pa.repeat(pa.scalar(False), rows),
    )


def _rows(batch: pa.RecordBatch, **cells: pa.Array) -> pa.RecordBatch:
    uri = batch.column("uri")
    unread = pc.binary_join_element_wise(_UNREAD, uri, "")
    cells |= {
        "content": pc.coalesce(batch.column("content_hash"), unread),
        "page": batch.column("page"),
        "uri": uri,
        "nano": _nano(batch.column("cost_usd")),
    }
    arrays = [pc.cast(cells[name], ROWS.field(name).type) for name in ROWS.names]
    return pa.RecordBatch.from_arrays(arrays, schema=ROWS)


def _nano(costs: pa.Array) -> pa.Array:
    """Nano-dollars; one row costs less than a billion dollars."""
    exact = pc.cast(pc.fill_null(costs, Decimal(0)), pa.decimal128(18, 9))
    return pc.cast(pc.multiply(exact, _NANO), pa.int64())


def _said(answers: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Answers as text, and by what they are told apart."""
    structured = not pa.types.is_string(answers.type)
    if structured:
        values = answers.to_pylist()
        written = pa.array([answer_cell(_in_order(one)) for one in values], pa.string())
    else:
        written = answers
    encoded = written.dictionary_encode()
    digests = [_digest(text, structured) for text in encoded.dictionary.to_pylist()]
    return written, pa.array(digests, pa.int64()).take(encoded.indices)


def _in_order(value: Any) -> Any:
    """Several labels are a set."""
    return sorted(value, key=str) if isinstance(value, list) else value


def _digest(text: str, structured: bool) -> int:
    plain = json.dumps(_plain(json.loads(text)), sort_keys=True) if structured else _plain(text)
    return int.from_bytes(blake2b(plain.encode(), digest_size=8).digest(), "big", signed=True)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain_words(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def buckets_of(rows: pa.RecordBatch, buckets: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """In which of so many buckets each row meets others of its content."""
    encoded = rows.column("content").dictionary_encode()
    numbers = [
        int.from_bytes(blake2b(one.encode(), digest_size=4).digest(), "big") % buckets
        for one in encoded.dictionary.to_pylist()
    ]
    found = np.array(numbers, np.int64)
    return found[encoded.indices.to_numpy(zero_copy_only=False)] if numbers else found
