"""`run.json` says what ran, with what, and how it ended, without any secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.journal.lines import VERSION as JOURNAL
from tierwise.version import VERSION


def test_it_says_what_ran_and_how_it_ended(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(4)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    (folder / "notes.txt").write_text("no picture")
    finished = classify(folder, "--requests_in_flight=3")
    run = finished.run
    assert (run["tierwise"], run["emulated"]) == (VERSION, True)
    assert (run["status"], run["exit_status"]) == ("done", 0)
    assert (run["files"], run["images"], run["skipped_files"]) == (5, 5, {"not_pictures": 1})
    assert run["skipped_examples"] == {"not_pictures": f"{folder}/notes.txt"}
    assert run["failures"] == {"unreadable": 2}
    assert run["flags"]["input"] == str(folder)
    assert run["flags"]["requests_in_flight"] == 3
    began, ended = (datetime.fromisoformat(run[key]) for key in ("started_at", "ended_at"))
    assert began.tzinfo
    assert began <= ended
    shade = run["tasks"]["shade"]
    assert (shade["asked"], shade["answers"], shade["failures"], shade["reused"]) == (5, 4, 1, 0)
    assert list(run["tasks"]) == ["shade", "found"]


def test_its_totals_are_those_of_the_tables_and_of_the_bill(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    finished = classify(photos(7))
    totals = finished.run["totals"]
    for name in ("cost_usd", "baseline_cost_usd", "saved_usd", "maybe_billed_usd"):
        assert Decimal(totals[name]) == sum(row[name] for row in finished.costs)
        assert Decimal(totals[name]) == sum(
            Decimal(task[name]) for task in finished.run["tasks"].values()
        )
    assert Decimal(totals["saved_usd"]) == (
        Decimal(totals["baseline_cost_usd"]) - Decimal(totals["cost_usd"])
    )
    account = finished.run["account"]
    keys = ("task", "model", "media_resolution", "service_tier", "outcome")
    assert [[row[key] for key in keys] for row in account] == sorted(
        [row[key] for key in keys] for row in finished.costs
    )
    for name in ("images", "requests", "output_tokens", "thought_tokens"):
        assert sum(row[name] for row in account) == sum(row[name] for row in finished.costs)
    assert sum(Decimal(row["cost_usd"]) for row in account) == Decimal(totals["cost_usd"])
    assert totals["requests"] == len(gemini.requests())
    assert finished.cost == gemini.billed() > 0


def test_the_key_is_nowhere(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-very-secret")
    finished = classify(photos(2), "--gemini=developer")
    assert finished.run["emulated"] is True
    for path in finished.output.rglob("*"):
        assert path.is_dir() or b"very-secret" not in path.read_bytes()
    out, err = capfd.readouterr()
    assert "very-secret" not in out + err


def test_vertex_takes_its_own_paths_and_prices(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    flags = ["--gemini=vertex", "--gemini_project=p", "--gemini_location=europe-west4"]
    finished = classify(photos(3), *flags)
    assert finished.cost == gemini.billed() > 0
    assert len(finished.answers()) == 6


@pytest.mark.parametrize("mode", ["in_memory", "multi_processing"])
def test_a_newer_journal_is_refused(
    mode: str,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(2)
    finished = classify(folder)
    before = finished.run
    newer = b'{"version":%d}\n' % (JOURNAL + 1)
    next(finished.output.glob("journal/*/*.jsonl")).write_bytes(newer)
    flags = [f"--output={finished.output}", f"--direct_running_mode={mode}"]
    capsys.readouterr()
    assert main(["run", f"--input={folder}", *flags]) == 2
    assert (before["status"], finished.run["status"]) == ("done", "refused")
    assert finished.run["exit_status"] == 2
    assert finished.run["run_id"] != before["run_id"]
    assert finished.run["tables"] == before["tables"]
    err = capsys.readouterr().err
    assert f"journal format {JOURNAL + 1} is newer than this program knows" in err
    assert "Traceback" not in err
    assert "while running" not in err
