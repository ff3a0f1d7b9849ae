"""Rows of two outputs about the same contents meet: one for each picture and task.

A picture counts once, under however many names. Its answer is that of its first name, of those
that both outputs have if there are any, for twins may have been asked apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.comparison.picture_rows import ANSWERED

KEYS = ["task", "content", "page"]
_OF_A_SIDE = ("uri", "answer", "said", "state")


def pictures_of(rows: pa.Table, others: pa.Table) -> pa.Table:
    """One row for each picture and task, with what all its names cost; `others` may share names.

    It is `recalled` where an earlier run has paid for it.
    """
    apart = pc.invert(pc.is_in(rows["uri"], pc.unique(others["uri"])))
    rows = rows.append_column("apart", apart).combine_chunks()
    order = [(name, "ascending") for name in (*KEYS, "apart", "uri")]
    rows = rows.take(pc.sort_indices(rows, order)).drop_columns(["apart"])
    if not rows.num_rows:
        return rows
    first = _first_of_each(rows)
    starts = np.flatnonzero(first)
    nano = np.add.reduceat(rows["nano"].to_numpy(), starts)
    recalled = np.logical_and.reduceat(rows["recalled"].to_numpy(), starts)
    kept = rows.filter(pa.array(first))
    for name, cells in (("nano", nano), ("recalled", recalled)):
        kept = kept.set_column(kept.schema.get_field_index(name), name, pa.array(cells))
    return kept


def meet(old: pa.Table, new: pa.Table) -> pa.Table:
    """Pictures of two outputs side by side: `uri`, `old_answer`, `new_answer`, `old_state` ...

    What one of them lacks is null. `compared` are those that a model answered in both, `changed`
    those of them that it answered otherwise.
    """
    sides = []
    for name, table in (("old", old), ("new", new)):
        said = table.select([*KEYS, *_OF_A_SIDE])
        sides.append(said.rename_columns([*KEYS, *(f"{name}_{one}" for one in _OF_A_SIDE)]))
    met = sides[0].join(sides[1], KEYS, join_type="full outer").combine_chunks()
    compared = pc.and_(_is(met["old_state"]), _is(met["new_state"]))
    differs = pc.fill_null(pc.not_equal(met["old_said"], met["new_said"]), False)
    met = met.append_column("uri", pc.coalesce(met["new_uri"], met["old_uri"]))
    met = met.append_column("compared", compared)
    met = met.append_column("changed", pc.and_(compared, differs))
    order = [("task", "ascending"), ("uri", "ascending"), ("page", "ascending")]
    return met.take(pc.sort_indices(met, order))


def _is(states: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(states, ANSWERED), False)


def _first_of_each(rows: pa.Table) -> NDArray[np.bool_]:
    """Where another picture or task begins than in the row before."""
    first: NDArray[np.bool_] = np.zeros(rows.num_rows, np.bool_)
    first[0] = True
    for name in KEYS:
        cells: Any = rows[name].combine_chunks()
        differs = pc.not_equal(cells.slice(1), cells.slice(0, len(cells) - 1))
        first[1:] |= np.asarray(differs)
    return first
