"""`tierwise.run` and other verbs as functions, whatever a program or a notebook does to them."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import tierwise
from tierwise.scheduling.running import close_all

TASKS = {
    "model": "gemini-3.1-flash-lite",
    "tasks": {"shade": {"prompt": "How light is it?", "labels": ["dark", "bright"]}},
}
Photos = Callable[..., Path]


@pytest.fixture(autouse=True)
def _engines_end() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def flags(gemini: Any, tmp_path: Path) -> dict[str, Any]:
    return {"tasks": TASKS, "output": tmp_path / "out", "gemini_endpoint": gemini.url}


def test_what_comes_back_has_the_totals_the_paths_and_the_tables(
    photos: Photos, flags: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = photos(3)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    done = tierwise.run(input=folder, **flags)
    assert capsys.readouterr().out == ""
    assert (done["status"], done.exit_status, done.tasks) == ("done", 0, ["shade"])
    assert Path(done.page).is_file()
    answers = done.answers()
    assert len(answers) == answers.to_arrow().num_rows == 3
    frame = done.answers("shade").to_pandas(columns=["uri", "cost_usd"])
    assert list(frame.columns) == ["uri", "cost_usd"]
    assert sum(frame["cost_usd"]) == Decimal(done.totals["cost_usd"]) > 0
    assert [row["reason"] for row in done.failures.to_arrow().to_pylist()] == ["unreadable"]
    counted = duckdb.sql("select count(*) from answers")
    assert counted is not None
    assert counted.fetchall() == [(3,)]
    assert len(done.wide) == len(done.files) == 4
    shown = done._repr_html_()
    assert done.totals["cost_usd"] in shown
    assert f'href="{done.page}"' in shown
    assert "<td>" in answers._repr_html_()
    again = tierwise.open_run(f"{tmp_path}/out/")
    assert dict(again) == dict(done)


def test_tables_that_are_not_there_are_refused_with_what_there_is(
    photos: Photos, flags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = tierwise.run(input=photos(1), **flags)
    for call, message in (
        (lambda: done.answers("shad"), "Did you mean shade?"),
        (lambda: done.table("count"), "no table 'count'. Did you mean counts? Known"),
        (lambda: done.answers().to_arrow(["ur"]), "has no column ur"),
    ):
        with pytest.raises(tierwise.InputError) as refused:
            call()
        assert message.partition(" Did")[0] in str(refused.value)
    for library in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, library, None)  # as where it is not installed
    with pytest.raises(tierwise.InputError, match="pip install pandas"):
        done.answers().to_pandas()
    with pytest.raises(tierwise.InputError, match="pip install polars"):
        done.answers().to_polars()
    for path in done.answers().paths:
        Path(path).unlink()
    with pytest.raises(tierwise.InputError, match="open_run"):
        done.answers().to_arrow()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"imput": "photos"}, "unknown flag --imput. Did you mean --input?"),
        ({"max_cost_usd": "much"}, "--max_cost_usd=much: is not an amount"),
        ({"input": "not/there"}, "--input=not/there: there is no such file or folder"),
        ({"tasks": {"model": "x", "tasks": {}}}, "tasks"),
        ({"output": None}, "--output is missing"),
    ],
)
def test_what_is_wrong_is_refused_in_the_words_of_the_command(
    given: dict[str, Any], message: str, photos: Photos, flags: dict[str, Any]
) -> None:
    with pytest.raises(tierwise.InputError) as refused:
        tierwise.run(**{"input": photos(1), **flags, **given})
    assert message in str(refused.value)
    assert refused.value.exit_status == 2


def test_it_runs_within_a_loop_from_a_thread_and_again(
    photos: Photos, flags: dict[str, Any], gemini: Any
) -> None:
    folder = photos(2)

    async def in_a_loop() -> tierwise.RunResult:  # as a cell of a notebook has one
        return tierwise.run(input=folder, **flags)

    assert asyncio.run(in_a_loop())["status"] == "done"
    found: list[tierwise.RunResult] = []
    worker = threading.Thread(target=lambda: found.append(tierwise.run(input=folder, **flags)))
    worker.start()
    worker.join()
    found.append(tierwise.run(input=folder, **flags))
    assert [len(one.answers()) for one in found] == [2, 2]
    assert len(gemini.requests()) == 2


def test_ctrl_c_is_raised_and_the_next_call_goes_on(
    photos: Photos, flags: dict[str, Any], gemini: Any
) -> None:
    folder = photos(12)
    gemini.faults({"kind": "latency", "ms": 300})
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        while len(gemini.requests()) < 3:
            threading.Event().wait(0.05)
        signal.raise_signal(signal.SIGINT)

    pressed = threading.Thread(target=interrupt)
    pressed.start()
    with pytest.raises(KeyboardInterrupt):
        tierwise.run(input=folder, requests_in_flight=1, **flags)
    pressed.join()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(tierwise.InputError, match="did not come to its end"):
        tierwise.open_run(str(flags["output"]))
    gemini.faults()
    done = tierwise.run(input=folder, **flags)
    assert done["status"] == "done"
    assert sum(row["reused"] for row in done.answers().to_arrow().to_pylist()) >= 2
    assert 12 <= len(gemini.requests()) <= 13  # one was under way


def test_one_that_breaks_off_raises_what_a_command_would_have_said(
    photos: Photos,
    flags: dict[str, Any],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/wide").write_text("no folder, so that no table can be put there", "utf-8")
    with pytest.raises(tierwise.TierwiseError, match="run the same command again") as broken:
        tierwise.run(input=photos(2), **flags)
    assert broken.value.exit_status == 1
    assert isinstance(broken.value.__cause__, Exception)
    assert capsys.readouterr() == ("", "")
    (tmp_path / "out/wide").unlink()
    requests = len(gemini.requests())
    assert tierwise.run(input=photos(2), **flags)["status"] == "done"
    assert len(gemini.requests()) == requests


def test_the_other_verbs_take_the_same_keywords(
    photos: Photos, flags: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = photos(3)
    forecast = tierwise.plan(input=folder, tasks=TASKS, sample=3)
    assert forecast["requests"] == 3
    assert capsys.readouterr().out == ""
    done = tierwise.run(input=folder, include=["000.jpg", "001.jpg"], **flags)
    assert len(done.answers()) == 2
    tierwise.export(output=done.output, to=["csv", "jsonl"])
    assert (Path(done.output) / "export/pictures.csv").is_file()
    tierwise.review(output=done.output, random=1)
    other = tierwise.run(input=folder, **{**flags, "output": tmp_path / "other"})
    capsys.readouterr()
    told = tierwise.compare(done.output, other.output)
    assert told["tasks"]
    assert capsys.readouterr().out == ""
    with pytest.raises(tierwise.InputError, match="Did you mean --sample"):
        tierwise.plan(input=folder, tasks=TASKS, sampel=3)
    text = "model: gemini-3.1-flash-lite\ntasks: {a: {prompt: Light, labels: [dark, bright]}}\n"
    tasks = tierwise.load_tasks(text, path="tasks.yaml")
    with pytest.raises(tierwise.InputError, match="calibrate: give a tasks file"):
        tierwise.calibrate(input=folder, tasks=tasks, output=tmp_path / "calibrated")


def test_nothing_is_drawn_where_nobody_looks(
    photos: Photos, flags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    tierwise.run(input=photos(1), **flags)
    assert said.getvalue() == ""
