"""A batch job that the service does not know for a moment is not asked twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.beam_pipeline.conftest import Classify


def test_one_404_of_a_job_loses_nothing(
    gemini: Any, classify: Classify, photos: Callable[..., Path]
) -> None:
    gemini.faults({"kind": "batch_refused", "call": "get", "status": 404, "count": 1})
    finished = classify(photos(4), "--service_tier=batch", "--batch_fallback=none")
    assert {row["service_tier"] for row in finished.answers()} == {"batch"}
    assert finished.cost == gemini.billed()
