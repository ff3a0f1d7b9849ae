"""Each part in one job, within the limits, and the same jobs in whatever order parts come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import Answerer, ServiceKind
from tierwise.batches.job_files import JobOrder
from tierwise.batches.ordering import LEAST_TO_TRY, Most, orders_of
from tierwise.batches.part import Part

PARTS = st.lists(
    st.builds(
        Part,
        folder=st.uuids().map(str),
        model=st.sampled_from(["m", "n"]),
        shape=st.sampled_from(["a", "b"]),
        rows=st.integers(1, 300),
        images=st.integers(1, 900),
        bytes=st.integers(1, 10_000),
        tokens=st.integers(1, 10_000),
        worst=st.integers(1, 10_000),
    ),
    max_size=12,
    unique_by=lambda part: part.folder,
)
MOST = st.builds(
    Most,
    rows=st.integers(1, 1000),
    bytes=st.integers(1, 30_000),
    tokens=st.none() | st.integers(1, 30_000),
)
KNOWN = st.none() | st.sets(st.tuples(st.sampled_from("mn"), st.sampled_from("ab")))


def ordered(
    parts: Sequence[Part], most: Most, known: set[tuple[str, str]] | None
) -> list[JobOrder]:
    answerer = Answerer(ServiceKind.DEVELOPER)
    told = {"run_id": "run", "answerer": answerer, "place": "there", "at": "2026-11-30"}
    return list(orders_of(parts, most, known=known, **told))  # type: ignore[arg-type]


@given(PARTS, MOST, KNOWN, st.randoms(use_true_random=False))
def test_every_part_is_in_one_job_within_the_limits(
    parts: list[Part], most: Most, known: set[tuple[str, str]] | None, chance: object
) -> None:
    orders = ordered(parts, most, known)
    named = {part.folder: part for part in parts}
    assert sorted(folder for order in orders for folder in order.parts) == sorted(named)
    assert len({order.id for order in orders}) == len(orders)
    for order in orders:
        held = [named[folder] for folder in order.parts]
        assert most.hold(held)
        assert {(part.model, part.shape) for part in held} == {order.kind}
        for name in ("rows", "images", "bytes", "tokens", "worst"):
            assert getattr(order, name) == sum(getattr(part, name) for part in held)
    shuffled = list(parts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ordered(shuffled, most, known) == orders


@given(PARTS, MOST, KNOWN)
def test_what_is_new_and_many_is_tried_first(
    parts: list[Part], most: Most, known: set[tuple[str, str]] | None
) -> None:
    orders = ordered(parts, most, known)
    for kind in {order.kind for order in orders}:
        ours = [order for order in orders if order.kind == kind]
        of_kind = [part for part in parts if (part.model, part.shape) == kind]
        many = len(of_kind) > 1 and sum(part.rows for part in of_kind) > LEAST_TO_TRY
        tried = many and known is not None and kind not in known
        assert [order.trial for order in ours] == [tried, *[False] * (len(ours) - 1)]
        if tried:
            assert ours[0].rows == min(part.rows for part in of_kind)


def test_another_part_is_another_job() -> None:
    part = Part("a", "m", "s", 1, 1, 1, 1, 1)
    [one] = ordered([part], Most(10, 10), None)
    [other] = ordered([replace(part, folder="b")], Most(10, 10), None)
    assert one.id != other.id
    assert one.display_name != other.display_name
