"""Two runs into one output: the second is refused, and a run that lost its place stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tierwise.answerer import Answerer, ServiceKind
from tierwise.errors import LeaseLostError
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import all_runs, take_lease
from tierwise.storage.process import Process
from tierwise.version import VERSION as PROGRAM

EMULATOR = Answerer(ServiceKind.EMULATOR, f"tierwise/{PROGRAM}")


@pytest.fixture
def runs(tmp_path: Path) -> str:
    return str(tmp_path / "out" / "journal" / "runs")


def test_a_run_beside_another_is_refused_and_changes_nothing(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    runs: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(2)
    before = classify(folder).run
    asked = len(gemini.requests())
    other = take_lease(runs, new_record("other", untraced_requests=1, journal_version=VERSION))
    photos(1, first=2)
    assert classify(folder, status=2).run == before
    assert "another run writes into this output: other on" in capsys.readouterr().err
    assert len(gemini.requests()) == asked
    classify(folder, output="elsewhere")
    other.end(untraced_requests=0)
    classify(folder)


def test_each_run_leaves_a_record(
    photos: Callable[..., Path], classify: Callable[..., Any], runs: str
) -> None:
    folder = photos(2)
    finished = [classify(folder, "--requests_in_flight=3").run["run_id"] for _ in range(2)]
    records = [run.record for run in all_runs(runs)]
    assert [record.run_id for record in records] == finished
    assert all(record.ended_at for record in records)
    assert [record.untraced_requests for record in records] == [0, 0]
    assert all(record.dearest_request > 0 for record in records)


def test_what_a_run_may_have_lost_is_counted_at_its_own_prices(
    photos: Callable[..., Path], classify: Callable[..., Any], runs: str
) -> None:
    """It may have asked a dearer model than the run that tells of it."""
    for dearest in (7_000_000_000, 1):
        record = new_record(
            str(dearest),
            untraced_requests=8,
            journal_version=VERSION,
            dearest_request=dearest,
            answerer=EMULATOR,
        )
        take_lease(runs, record).end(untraced_requests=3)
    every = classify(photos(1)).run["all_runs"]
    assert every["maybe_billed_usd"] == every["maybe_lost_usd"] == "21.000000003"
    cap = classify(photos(1), "--max_cost_usd=1").run["cap"]
    assert cap["maybe_lost_usd"] == "21.000000003"


def test_a_run_that_died_elsewhere_is_taken_over_and_told(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    runs: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(2)
    record = new_record("dead", untraced_requests=7, journal_version=VERSION)
    dead = take_lease(runs, replace(record, process=Process("another-machine", 1)))
    classify(folder, status=2)
    assert "--take_over begins at once" in capsys.readouterr().err
    run = classify(folder, "--take_over=true").run
    told = run["took_over"]
    assert (told["run_id"], told["host"]) == ("dead", "another-machine")
    assert told["requests_maybe_under_way"] == 7
    assert "took the output from dead on another-machine" in capsys.readouterr().err
    with pytest.raises(LeaseLostError, match="with --take_over"):
        dead.check()
    assert "took_over" not in classify(folder, "--take_over=true").run
