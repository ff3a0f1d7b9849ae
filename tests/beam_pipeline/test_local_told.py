"""What runs say of local answers, in run.json and at their end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.beam_pipeline.conftest import Classify

SHADE = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], local: 0.05}
"""


def test_an_archive_that_is_too_small_says_why_all_was_asked(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(3), tasks=SHADE).run
    assert run["local"] == {
        "shade": {
            "differ": 0.05,
            "confidence": 0.95,
            "answered_locally": 0,
            "why_not": "the archive has about 3 pictures, and local answers begin with 1,000",
        }
    }
    assert run["tasks"]["shade"]["answers"] == 3
    assert "shade: nothing was answered locally: the archive has about 3" in capsys.readouterr().out
