"""How often batch jobs wait for others, held against handing them in one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tierwise.forecast.batch_jobs import JobsOf, waves

A, B = "gemini-3.1-flash-lite", "gemini-4-carbon"
LIMIT = 50


def some(jobs: int, each: int, model: str = A) -> JobsOf:
    return JobsOf(model, ("a",), jobs, jobs, jobs, jobs * each)


def one_by_one(jobs: Sequence[JobsOf], most_jobs: int | None, enqueued: Mapping[str, int]) -> int:
    """The same, each job in its turn: into this wave while there is room, else into the next."""
    found = [1 if jobs else 0]
    for model, limit in enqueued.items():
        room = count = 0
        for kind in jobs:
            for _ in range(kind.jobs if kind.model == model else 0):
                each = kind.tokens // kind.jobs
                if each > room:
                    count, room = count + 1, limit
                room -= each
        found.append(count)
    total = sum(kind.jobs for kind in jobs)
    found.append(-(-total // most_jobs) if most_jobs else 0)
    return max(found)


@given(
    kinds=st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, LIMIT), st.sampled_from([A, B])), max_size=5
    ),
    most_jobs=st.sampled_from([None, 7, 100]),
    limited=st.sampled_from([{}, {A: LIMIT}, {A: LIMIT, B: 2 * LIMIT}]),
)
def test_waves_are_those_of_jobs_in_their_turn(
    kinds: list[tuple[int, int, str]], most_jobs: int | None, limited: dict[str, int]
) -> None:
    jobs = [some(*kind) for kind in kinds]
    assert waves(jobs, most_jobs, limited) == one_by_one(jobs, most_jobs, limited)


def test_models_wait_side_by_side() -> None:
    assert waves([some(4, 40), some(3, 40, B)], 100, {A: 50, B: 50}) == 4
    assert waves([some(4, 40), some(3, 40, B)], None, {}) == 1
    assert waves([], 100, {A: 50}) == 0
