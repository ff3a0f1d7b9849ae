"""A run that is killed again and again loses nothing; `make chaos` does it more often."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import chaos


@pytest.mark.prove
def test_a_run_that_is_killed_again_and_again_pays_only_what_was_under_way_twice(
    tmp_path: Path,
) -> None:
    found = chaos(tmp_path, kills=4, images=160, in_flight=8, latency_ms=60.0, seed=5)
    assert found.paid_again <= found.kills * found.in_flight
    assert 0 <= found.untraced <= found.kills * found.in_flight * found.dearest
