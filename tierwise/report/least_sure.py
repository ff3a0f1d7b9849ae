"""Which local answers were the least sure, in memory that does not grow with the archive."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.answerer import AnsweredBy
from tierwise.report.answer_rows import ANSWERED_BY, LOCAL_SCORE

MOST_SHOWN = 12
# Names of one content follow each other, and only one of them is shown.
_LOOKED_AT = 16 * MOST_SHOWN


@dataclass(slots=True)
class LeastSure:
    """The local answers of the lowest scores, of pictures with thumbnails where there are some."""

    _found: list[tuple[bool, float, str, str]] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch, keys: pa.Array, pictured: NDArray[np.bool_]) -> None:
        """Take a batch in."""
        if not {ANSWERED_BY, LOCAL_SCORE} <= set(batch.schema.names):
            return
        ours = pc.equal(batch.column(ANSWERED_BY), str(AnsweredBy.LOCAL))
        usable = pc.and_(pc.and_(ours, pc.is_valid(batch.column(LOCAL_SCORE))), pc.is_valid(keys))
        rows = np.flatnonzero(pc.fill_null(usable, False).to_numpy(zero_copy_only=False))
        scores = batch.column(LOCAL_SCORE).to_numpy(zero_copy_only=False)[rows]
        first = rows[np.lexsort((scores, ~pictured[rows]))[:_LOOKED_AT]]
        some = batch.take(pa.array(first))
        found = zip(
            (~pictured[first]).tolist(),
            some.column(LOCAL_SCORE).to_pylist(),
            keys.take(pa.array(first)).to_pylist(),
            some.column("uri").to_pylist(),
            strict=True,
        )
        by_key = {one[2]: one for one in sorted([*self._found, *found], reverse=True)}
        self._found = heapq.nsmallest(MOST_SHOWN, by_key.values())

    def keys(self) -> dict[str, str]:
        """Their pictures, as keys and names, the least sure first."""
        return {key: uri for _, _, key, uri in self._found}
