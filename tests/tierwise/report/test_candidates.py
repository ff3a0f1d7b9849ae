"""Which pictures may be shown does not depend on the order of rows, and is bounded."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tierwise.report.answer_rows import keys_of
from tierwise.report.candidates import Candidate, Candidates

ROW = st.tuples(
    st.integers(0, 300), st.sampled_from(["a", "b", "c"]), st.sampled_from([0, 0, 2, 34])
)


def offered(rows: list[tuple[int, str, int]], most: int, per_batch: int) -> Candidates:
    found = Candidates(most)
    for begin in range(0, len(rows), per_batch):
        some = rows[begin : begin + per_batch]
        digests = [hashlib.sha256(str(number).encode()).hexdigest() for number, _, _ in some]
        batch = pa.record_batch(
            {
                "uri": [f"{number}.jpg" for number, _, _ in some],
                "page": [1] * len(some),
                "content_hash": [f"sha256:{digest}" for digest in digests],
            }
        )
        found.add(
            batch,
            keys_of(batch),
            pa.array([label for _, label, _ in some]),
            np.array([doubt for _, _, doubt in some]),
            np.array([number % 3 == 0 for number, _, _ in some]),
        )
    return found


def shown(lists: list[list[Candidate]]) -> list[list[tuple[str, int, bool]]]:
    return [[(one.uri, one.assurance, one.unpictured) for one in some] for some in lists]


@given(
    st.lists(ROW, min_size=1, unique_by=lambda row: row[0]), st.integers(1, 5), st.integers(1, 50)
)
def test_it_is_the_same_in_any_order(
    rows: list[tuple[int, str, int]], most: int, per_batch: int
) -> None:
    first = offered(rows, most, per_batch)
    mixed = rows.copy()
    random.Random(1).shuffle(mixed)
    again = offered(mixed, most, len(rows))
    assert shown(list(first.doubtful())) == shown(list(again.doubtful()))
    assert shown(list(first.typical())) == shown(list(again.typical()))
    for label, some in zip(sorted({row[1] for row in rows}), first.doubtful(), strict=True):
        wanted = sorted((row[0] % 3 != 0, -row[2]) for row in rows if row[1] == label)[:most]
        assert [(one.unpictured, one.assurance) for one in some] == wanted
    assert all(len(some) <= most for some in first.typical())


def test_other_names_of_one_content_are_no_other_pictures() -> None:
    found = offered([(1, "a", 0)] * 10 + [(2, "a", 0)], 5, 11)
    assert [len(some) for some in found.typical()] == [2]
