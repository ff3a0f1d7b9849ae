"""The least sure local answers are the same whatever the order, each content once."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa

from tierwise.report.answer_rows import keys_of
from tierwise.report.least_sure import MOST_SHOWN, LeastSure

Row = tuple[int, float | None, str]


def found(rows: list[Row], per_batch: int = 7) -> dict[str, str]:
    least = LeastSure()
    for begin in range(0, len(rows), per_batch):
        some = rows[begin : begin + per_batch]
        batch = pa.record_batch(
            {
                "uri": [f"{number}.jpg" for number, _, _ in some],
                "page": [1] * len(some),
                "content_hash": [f"sha256:{number // 2:08x}" for number, _, _ in some],
                "answered_by": [by for _, _, by in some],
                "local_score": pa.array([score for _, score, _ in some], pa.float64()),
            }
        )
        least.add(batch, keys_of(batch), np.array([number % 5 > 0 for number, _, _ in some]))
    return least.keys()


def test_the_least_sure_with_thumbnails_come_first_in_any_order() -> None:
    # Two names of each content, and content by content surer.
    rows: list[Row] = [(number, number // 2 / 100, "local") for number in range(80)]
    rows += [(number, None, "gemini") for number in range(80, 160)]
    first = found(rows)
    assert len(first) == MOST_SHOWN
    assert list(first) == sorted(first)
    assert all(int(uri.split(".")[0]) % 5 for uri in first.values())
    for seed in range(3):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert found(mixed) == first


def test_without_local_answers_there_are_none() -> None:
    assert found([(1, None, "gemini"), (2, 0.3, "human"), (3, None, "local")]) == {}
