"""`tierwise plan` for the batch tier: rounds, jobs, times, and what nobody promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

ROOT = Path(__file__).parents[2]
EXAMPLE = [f"--input={ROOT}/examples/manifest.csv", f"--tasks={ROOT}/examples/tasks.yaml"]
BATCH = "--service_tier=batch"


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["plan", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["plan", *words]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_rounds_are_there_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    row = planned(capsys, *EXAMPLE, BATCH)
    first, second = row["batch"]["rounds"]
    assert (first["asked"], second["asked"]) == ("batch", "flex")
    assert first["jobs"][0]["tasks"] == ["category", "detail", "filename"]
    assert (
        sum(some["requests"] for one in (first, second) for some in one["jobs"])
        == (row["requests"])
    )
    assert 0 < row["batch"]["earliest_s"] < row["batch"]["target_s"] == 86_400
    assert row["batch"]["expires_s"] == 2 * 86_400
    assert Decimal(row["batch"]["saved_usd"]["standard"]) == Decimal(row["cost_usd"])
    assert row["seconds"] == {}
    assert "batch" not in planned(capsys, *EXAMPLE)


def test_rounds_times_and_savings_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, *EXAMPLE, BATCH)
    for words in (
        "In batch, round by round (about)",
        "nothing is promised, and Google's target is 24 h for a job: 1 d 0 h",
        "A job that has not ended after 48 h expires",
        "Flex costs the same, and answers within minutes",
        "A later round of at most 1,000 requests is asked at once",
    ):
        assert words in said
    assert "if only this holds it up" not in said


def test_vertex_has_its_own_times_and_no_room_to_wait_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = printed(capsys, *EXAMPLE, BATCH, "--gemini=vertex", "--gemini_project=p")
    assert "after 72 h in the queue, or 24 h of running expires" in said
    assert "waves" not in said


def test_jobs_that_have_to_wait_for_others_are_told(
    tmp_path: Path, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = "x" * 90_000  # prompts of 22,500 tokens
    (tmp_path / "t.yaml").write_text(
        "model: gemini-3.8-flash\nservice_tier: batch\n"
        f"tasks: {{a: {{prompt: {words}, labels: [x, y]}}}}\n"
    )
    flags = [f"--input={photos(300)}", f"--tasks={tmp_path}/t.yaml"]
    said = printed(capsys, *flags)
    assert "Not all of 3 jobs fit at a time: they go in 3 waves" in said
    assert "not known for gemini-3.8-flash; 3,000,000 tokens, the least of its family" in said
    assert "3 times one after the other: 3 d 0 h" in said
    more = planned(capsys, *flags, "--usage_tier=2")["batch"]
    assert more["rounds"][0]["waves"] == 1
    assert more["enqueued_tokens"]["gemini-3.8-flash"]["tokens"] == 400_000_000


def test_some_tasks_may_be_asked_at_once(
    tmp_path: Path, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.yaml").write_text(
        "model: gemini-3.1-flash-lite\ntasks:\n"
        '  a: {prompt: "Hm?", labels: [x, y]}\n'
        '  b: {prompt: "Ha?", labels: [x, y], service_tier: batch}\n'
    )
    row = planned(capsys, f"--input={photos(4)}", f"--tasks={tmp_path}/t.yaml")
    [one] = row["batch"]["rounds"]
    assert one["jobs"][0]["tasks"] == ["b"]
    assert next(iter(row["seconds"])).endswith("requests in flight, 1.5 s each")


def test_the_batch_tier_is_among_the_ways(capsys: pytest.CaptureFixture[str]) -> None:
    ways = planned(capsys, *EXAMPLE, "--compare")["ways"]
    [batch] = [way for way in ways if (way["change"], way["to"]) == ("service tier", "batch")]
    [flex] = [way for way in ways if (way["change"], way["to"]) == ("service tier", "flex")]
    assert batch["cost_usd"] == flex["cost_usd"]
    assert "not in this version" not in printed(capsys, *EXAMPLE, "--compare")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["plan", *EXAMPLE, BATCH]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if {"┃", "│"} & set(line)]
    assert max(map(len, lines)) <= width


def test_the_jobs_are_about_those_of_the_run(tmp_path: Path) -> None:
    words = [*EXAMPLE, f"--output={tmp_path}/out", BATCH, "--batch_fallback=none"]
    assert main(["run", *words]) == 0
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    planned_jobs = [some for one in run["forecast"]["batch"]["rounds"] for some in one["jobs"]]
    jobs = run["batch"]["jobs"]
    first, round_1 = (
        planned_jobs[0],
        [one for one in jobs if one["ordered_at"] == jobs[0]["ordered_at"]],
    )
    real = {name: sum(one[name] for one in round_1) for name in ("requests", "tokens", "bytes")}
    assert first["requests"] == pytest.approx(real["requests"], rel=0.05)
    assert first["input_tokens"] == pytest.approx(real["tokens"], rel=0.1)
    assert first["bytes"] == pytest.approx(real["bytes"], rel=0.5)
    low, high = (Decimal(run["forecast"][name]) for name in ("low_usd", "high_usd"))
    assert low <= Decimal(run["totals"]["cost_usd"]) <= high


def test_where_every_answer_is_known_nothing_is_said_of_jobs(
    tmp_path: Path, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.yaml").write_text(
        'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Hm?", labels: [x, y]}}\n'
    )
    words = [f"--input={photos(3)}", f"--tasks={tmp_path}/t.yaml", f"--output={tmp_path}/out"]
    assert main(["run", *words]) == 0
    capsys.readouterr()
    said = printed(capsys, *words, BATCH)
    assert "Paid already, and not asked again: a 3." in said
    assert "In batch" not in said
    assert "Batch saves" not in said
