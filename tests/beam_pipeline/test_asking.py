"""Flags that decide how Gemini is asked, seen in what a whole run leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ONE_TASK = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""


def test_an_outage_that_lasts_ends_the_run_and_a_later_one_asks_the_rest(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "unavailable", "after": 10})
    folder, began = photos(150), time.monotonic()
    finished = classify(
        folder, "--give_up_after_s=1", "--requests_in_flight=8", tasks=ONE_TASK, status=None
    )
    assert time.monotonic() - began < 20
    assert len(finished.answers()) == 10
    assert set(finished.reasons.values()) == {"unavailable"}
    assert len(finished.failures) == 140
    assert finished.run["ended_early"]["rows"] >= 100
    assert any("Nothing was answered for" in row["message"] for row in finished.failures)
    assert "the same command again" in capfd.readouterr().out
    assert finished.cost == gemini.billed()
    gemini.reset()
    again = classify(folder, tasks=ONE_TASK)
    assert len(again.answers()) == 150
    assert again.run["ended_early"] == {}
    assert len(gemini.requests()) == 140


def test_what_was_served_at_another_tier_is_reported(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gemini.faults({"kind": "unavailable", "count": 2})
    flags = ["--service_tier=flex", "--flex_fallback=standard", "--requests_in_flight=1"]
    finished = classify(photos(5), *flags, tasks=ONE_TASK)
    assert finished.cost == gemini.billed() > 0
    assert finished.run["service_tiers"] == {"shade": "flex"}
    served = finished.run["tasks"]["shade"]["served_tiers"]
    assert sum(served.values()) == 5
    if "standard" in served:
        told = f"shade: {served['standard']} images asked at the flex tier, served and billed at"
        assert told in capfd.readouterr().out
    tiers = [line["service_tier"] for line in gemini.requests() if line["status"] == 200]
    assert served == {tier: tiers.count(tier) for tier in sorted(set(tiers))}


def test_a_sample_of_requests_is_kept_without_pictures_and_keys(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-very-secret")
    folder = photos(6)
    finished = classify(folder, "--gemini=developer", "--log_requests=4", tasks=ONE_TASK)
    files = sorted((finished.output / "requests").iterdir())
    lines = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
    assert len(lines) == 4
    assert {line["task"] for line in lines} == {"shade"}
    for path in files:
        text = path.read_text("utf-8")
        assert path.name.startswith(finished.run["run_id"])
        assert "very-secret" not in text
        assert "inlineData" in text
        assert '"data"' not in text
    again = classify(folder, tasks=ONE_TASK, output="again")
    assert not (again.output / "requests").exists()
