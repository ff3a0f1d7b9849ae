"""Batch jobs that are open at one service are not asked again at another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Classify


def test_jobs_of_the_developer_api_are_not_looked_for_at_vertex_ai(
    gemini: Any,
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "batch_slow", "pending_s": 2})
    flags = ("--service_tier=batch", "--batch_wait=0")
    classify(photos(4), *flags, status=4)
    at_vertex = ("--gemini=vertex", "--gemini_project=p")
    classify(photos(4), *at_vertex, status=2)
    assert "under way at the Developer API" in capsys.readouterr().err
    finished = classify(photos(4), flags[0], "--batch_fallback=none")
    assert all(row["service_tier"] == "batch" for row in finished.answers())
    assert len(gemini.requests()) == 6


def test_jobs_of_an_output_that_was_moved_are_collected(
    gemini: Any, classify: Classify, photos: Callable[..., Path], tmp_path: Path
) -> None:
    gemini.faults({"kind": "batch_slow", "pending_s": 1})
    classify(photos(4), "--service_tier=batch", "--batch_wait=0", output="here", status=4)
    (tmp_path / "here").rename(tmp_path / "there")
    finished = classify(photos(4), "--service_tier=batch", output="there")
    assert len(finished.answers()) == 8
    assert len(gemini.requests()) == 6
