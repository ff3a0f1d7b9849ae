"""Counts that are told apart by a column are those of its values with the most pictures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tierwise.counts.shares import ValueCounts, label_counts, most_pictured
from tierwise.counts.tally import CountKey, CountTotals


def counts_of(value: str, answered: int, labelled: int) -> ValueCounts:
    return ValueCounts(
        value,
        (
            (CountKey("t", value, ""), CountTotals(answered=answered, labelled=labelled)),
            (CountKey("t", value, "x"), CountTotals(answered=answered, labelled=labelled)),
        ),
    )


@given(
    st.dictionaries(
        st.text("abcdefg", min_size=1, max_size=4),
        st.tuples(st.integers(1, 9), st.booleans()),
        max_size=200,
    ),
    st.integers(1, 7),
)
def test_what_is_left_out_would_not_be_told(values: dict[str, tuple[int, bool]], some: int) -> None:
    every = [counts_of("", 1, 1)]
    every += [counts_of(name, 9 + size, int(has)) for name, (size, has) in values.items()]
    merged = tuple[ValueCounts, ...]()
    for start in range(0, len(every), some):
        merged = most_pictured(merged, every[start : start + some])
    assert len(merged) <= 51
    kept = [row for one in merged for row in one.rows]
    everything = [row for one in every for row in one.rows]
    labels = {"t": ("x",)}
    assert label_counts(kept, labels) == label_counts(everything, labels)
