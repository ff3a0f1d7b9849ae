"""Tiers chosen so that a run ends in time: `plan --within`, and `run --finish_by`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

import tierwise
from tierwise.beam_pipeline.__main__ import main
from tierwise.errors import InputError

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: How light is it, labels: [dark, bright]}
  closer: {when: shade == "dark", prompt: What is it, labels: [sky, sea], media_resolution: high}
"""
DAY = 86_400
# At 15 minutes a reply, flex takes 27 hours for these, and 7 for the quarter that is asked again.
ONE = "--requests_in_flight=1"
MANY = 110


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["plan", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["within"]


def words(tmp_path: Path, images: Path, tasks: str = TASKS) -> list[str]:
    (tmp_path / "t.yaml").write_text(tasks, "utf-8")
    return [f"--input={images}", f"--tasks={tmp_path}/t.yaml", ONE]


def in_hours(hours: float) -> str:
    by = datetime.now(UTC) + timedelta(hours=hours)
    return f"--finish_by={by.isoformat(timespec='seconds')}"


def test_the_tighter_the_dearer(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(tmp_path, photos(MANY))
    found = [planned(capsys, *asked, f"--within={time}") for time in ("3d", "33h", "1h", "1m")]
    tiers = [one["tiers"] for one in found]
    assert tiers[1] == {"shade": "batch", "closer": "flex"}
    assert tiers[2] == tiers[3] == {"shade": "standard", "closer": "standard"}
    assert [one["ends_in_time"] for one in found] == [True, True, True, False]
    costs = [Decimal(one["cost_usd"]) for one in found]
    assert costs == sorted(costs)
    assert costs[2] > costs[0]
    assert found[1]["batch_deadline_s"]
    assert found[2]["batch_deadline_s"] is None


def test_what_is_missing_is_said_in_a_sentence(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(tmp_path, photos(MANY))
    assert main(["plan", *asked, "--within=1m", "--requests_per_minute=30"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Nothing ends within 1 min 0 s: the fastest (standard shade, closer) takes" in said
    assert "too long, held up by 30 requests per minute." in said
    assert main(["plan", *asked, "--within=1h"]) == 0
    assert "for none is known (--requests_per_minute)" in " ".join(capsys.readouterr().out.split())
    assert main(["run", *asked, f"--output={tmp_path}/out", in_hours(0.01)]) == 2
    assert "nothing ends within" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_batch_is_no_choice_on_vertex_without_a_bucket(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vertex = ["--gemini=vertex", "--gemini_project=p", "--within=3d"]
    asked = [*words(tmp_path, photos(MANY)), *vertex]
    assert planned(capsys, *asked)["tiers"]["shade"] == "batch"
    local = planned(capsys, *asked, f"--output={tmp_path}/out")["tiers"]
    assert "batch" not in local.values()
    bucket = planned(capsys, *asked, f"--output={tmp_path}/out", "--temp_location=gs://b/t")
    assert bucket["tiers"]["shade"] == "batch"


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--within=2d", "--finish_by=2030-01-01T08:00"], "say the same"),
        (["--finish_by=2020-01-01T08:00"], "is over"),
        (["--within=0"], "no time at all"),
    ],
)
def test_times_that_make_no_sense_are_refused(
    flags: list[str],
    named: str,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", f"--input={photos(1)}", *flags]) == 2
    assert named in capsys.readouterr().err


def test_a_run_is_asked_at_the_tiers_that_end_in_time(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    finished = classify(photos(6), ONE, in_hours(0.5), tasks=TASKS)
    assert {row["service_tier"] for row in finished.answers()} == {"standard"}
    assert finished.run["finish_by"]["tiers"] == {"shade": "standard", "closer": "standard"}
    assert "Within 29 min" in capsys.readouterr().out
    cheaper = classify(photos(6), ONE, in_hours(8), tasks=TASKS, output="later")
    assert {row["service_tier"] for row in cheaper.answers()} == {"flex"}
    assert cheaper.cost * 2 == pytest.approx(finished.cost, rel=0.01)


def test_the_same_command_later_keeps_the_tiers_of_its_first_start(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Even where a new choice would be another: what waits in a job is not asked elsewhere."""
    asked = [photos(MANY), ONE, in_hours(33)]
    left = classify(*asked, "--batch_wait=0", tasks=TASKS, status=4)
    assert left.run["finish_by"]["tiers"]["shade"] == "batch"
    deadline = left.run["finish_by"]["batch_deadline_s"]
    assert 3_600 <= deadline <= 33 * 3_600
    assert "Jobs are given up after" in capsys.readouterr().out
    done = classify(*asked, "--usage_tier=3", tasks=TASKS)
    assert "the tiers of this run's first start" in capsys.readouterr().out
    assert done.run["finish_by"]["batch_deadline_s"] == deadline
    assert {row["service_tier"] for row in done.answers("shade")} == {"batch"}


def test_a_time_that_is_over_is_refused_where_nothing_was_begun(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", *words(tmp_path, photos(1)), f"--output={tmp_path}/out"]
    assert main([*asked, "--finish_by=2020-01-01T08:00"]) == 2
    assert "--finish_by=2020-01-01T08:00: is over; it is " in capsys.readouterr().err


def test_a_pipeline_of_ones_own_has_no_end_to_choose_for(tmp_path: Path) -> None:
    images = beam.Pipeline(runner="FnApiRunner") | beam.Create(["a.jpg"])
    with pytest.raises(InputError, match="--finish_by chooses tiers for a whole run"):
        _ = images | tierwise.AskGemini(output=str(tmp_path), finish_by="2030-01-01T08:00")
