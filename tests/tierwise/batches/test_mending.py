"""A job without the rows that the service names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.batches.made_jobs import make_job, rows_of
from tierwise.batches.mending import without_lines
from tierwise.gemini.batch.rows import read_row


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.sets(st.integers(-1, 12)))
def test_the_lines_named_are_left_out_of_all_parts_together(
    numbers: set[int], tmp_path: Path
) -> None:
    made = [make_job(tmp_path / f"{first}", 4, first=first) for first in (0, 4)]
    order = replace(made[0].order, parts=tuple(part for one in made for part in one.order.parts))
    keys = [row.key for one in made for row in rows_of(one)]
    named = [key for number, key in enumerate(keys, 1) if number in numbers]
    assert without_lines(order, numbers) == named
    left = [
        read_row(line).key
        for part in order.parts
        for line in (Path(part) / "requests.jsonl").read_bytes().splitlines()
    ]
    assert left == [key for key in keys if key not in named]
    # What was asked is still known, so that rows that were left out have an outcome, too.
    assert [row.key for one in made for row in rows_of(one)] == keys
