"""Limits of batch jobs, as both services have them."""

from __future__ import annotations

from tierwise.job_limits import EARLIEST_S, JobLimits, job_limits

HOUR = 3_600.0


def test_the_services_differ() -> None:
    developer, vertex = job_limits(vertex=False), job_limits(vertex=True)
    assert developer == JobLimits(20_000, 2 * 10**9, 100, 24 * HOUR, 48 * HOUR, 48 * HOUR)
    assert vertex == JobLimits(200_000, 10**9, None, 24 * HOUR, 72 * HOUR, 96 * HOUR, True)
    assert developer.target_s > EARLIEST_S
