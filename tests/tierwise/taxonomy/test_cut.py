"""A tree in two questions: whatever one question could answer, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tierwise.taxonomy.cut import above_cut, below_cut, cut_of
from tierwise.taxonomy.grow import grow
from tierwise.taxonomy.label import WrittenLabel
from tierwise.taxonomy.taxonomy import Taxonomy

trees = st.lists(st.integers(-1, 1_000), min_size=2, max_size=60).flatmap(
    lambda parents: st.booleans().map(lambda back_off: made(parents, back_off=back_off))
)


def made(parents: list[int], *, back_off: bool) -> Taxonomy:
    """Each label lies below an earlier one, or is a root."""
    above = [
        parent % place if parent >= 0 and place else -1 for place, parent in enumerate(parents)
    ]
    return grow(
        [
            WrittenLabel(f"label {n}", parent=f"label {parent}" if parent >= 0 else "")
            for n, parent in enumerate(above)
        ],
        back_off=back_off,
    )


@given(trees)
def test_two_questions_have_the_answers_of_one(tree: Taxonomy) -> None:
    cut = cut_of(tree)
    first = above_cut(tree, cut)
    second = [below_cut(tree, name) for name in cut]
    reached = [name for name in first.options if name not in cut]
    reached += [name for below in second for name in below.options]
    assert sorted(reached) == sorted(tree.options)
    assert set(cut) <= set(first.options), "each can be answered, and then leads on"
    assert all(len(below.options) > 1 for below in second)
    for part in (first, *second):
        known = {label.name: label for label in tree.labels}
        assert all(known[label.name].path == label.path for label in part.labels)


def test_a_large_tree_is_cut_where_both_questions_are_short() -> None:
    leaves = [WrittenLabel(f"leaf {n}", parent=f"branch {n % 140}") for n in range(20_000)]
    branches = [WrittenLabel(f"branch {n}", parent=f"top {n % 3}") for n in range(140)]
    tree = grow([*(WrittenLabel(f"top {n}") for n in range(3)), *branches, *leaves])
    cut = cut_of(tree)
    assert len(above_cut(tree, cut).options) == 140
    assert {len(below_cut(tree, name).options) for name in cut} == {142, 143}
    assert cut_of(grow([WrittenLabel("a"), WrittenLabel("b")])) == ()
