"""The simulation of ending says what docs/guarantees.md says of it."""

from __future__ import annotations

from bench.ending.simulate import run
from tierwise.gemini.hearing import Phase


def test_odd_refusals_end_no_run_and_lose_next_to_nothing() -> None:
    for count, each in ((1, 20_000), (40, 500)):
        processes, _ = run(count, each, 3, odd=True)
        phases = {process.standing.hearing.phase for process in processes}
        assert Phase.ENDED not in phases
        lost, answered = (sum(getattr(p, n) for p in processes) for n in ("lost", "answered"))
        assert lost <= 0.001 * answered


def test_a_revoked_key_ends_the_run_for_all_within_minutes() -> None:
    for count in (1, 4, 40):
        processes, at = run(count, 1000, 3, odd=False, gone_at=300.0)
        assert {process.standing.hearing.phase for process in processes} == {Phase.ENDED}
        assert at - 300 <= 180
        assert sum(process.lost for process in processes) == 0
