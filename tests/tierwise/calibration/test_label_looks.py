"""Looks at labels: which are the same, which count, and what each may spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.calibration.label_looks import LabelLook, look_at, remembered
from tierwise.statistics.spending import error_of_look


def look(
    truths: Mapping[str, Any],
    earlier: tuple[LabelLook, ...] = (),
    *,
    margin: float = 0.05,
    emulated: bool = False,
    tested: str = "low",
) -> LabelLook:
    return look_at(
        truths, earlier, at="2026-11-29", margin=margin, emulated=emulated, tested=[tested]
    )


def named(first: int, last: int) -> dict[str, str]:
    return {f"sha256:{n}": "cat" for n in range(first, last)}


def test_the_same_thing_seen_twice_is_one_look() -> None:
    first = look(named(0, 100))
    again = look_at(
        named(0, 100), (first,), at="later", margin=0.05, emulated=False, tested=["low"]
    )
    assert again == first
    assert remembered((first,), [again]) == (first,)


@pytest.mark.parametrize(
    "changed",
    [
        {"truths": named(0, 150)},
        {"truths": {**named(0, 100), "sha256:5": "dog"}},
        {"truths": named(90, 100)},
        {"margin": 0.1},
        {"tested": "low-s4"},
        {"truths": named(500, 600)},
    ],
    ids=["enlarged", "relabelled", "a part", "another margin", "other routes", "fresh labels"],
)
def test_whatever_changes_is_another_look(changed: dict[str, Any]) -> None:
    first = look(named(0, 100))
    second = look(**{"truths": named(0, 100), "earlier": (first,), **changed})
    assert second.number == 2
    third = look(named(0, 100), remembered((first,), [second]), margin=0.2)
    assert third.number == 3


def test_fresh_labels_count_too_and_an_emulator_does_not_count_for_gemini() -> None:
    """Whoever labels sixty-five more pictures each time, and forgets the others, looks again."""
    first = look(named(0, 100))
    assert look(named(500, 600), (first,)).number == 2
    assert look(named(0, 100), (first,), emulated=True).number == 1
    unknown = LabelLook(1, "", "", 100, 0.01, None)
    assert look(named(0, 100), (unknown,)).number == 2


@given(st.floats(0.001, 0.5), st.integers(1, 300))
def test_all_looks_together_spend_no_more_than_there_is(error: float, looks: int) -> None:
    spent = [error_of_look(error, look) for look in range(1, looks + 1)]
    assert sum(spent) <= error * (1 + 1e-12)
    assert spent == sorted(spent, reverse=True)
