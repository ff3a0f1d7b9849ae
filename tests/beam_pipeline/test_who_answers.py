"""Who answered is remembered with every answer: nobody's answers or money are taken for others'."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tests.gateway import gateway_to
from tierwise.beam_pipeline.__main__ import main
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""
LEFT_ALONE = "Left alone: 4 answers of the journal"

Run = Callable[..., Finished]


@pytest.fixture
def gateway(gemini: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on this machine that is no emulator, as far as anybody can tell."""
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-no-account")
    with gateway_to(gemini.url) as url:
        yield url


@pytest.fixture
def run(photos: Callable[..., Path], tmp_path: Path, gemini: Any) -> Run:
    """Runs the job with these flags about four pictures, into one output."""
    tasks, out, folder = tmp_path / "tasks.yaml", tmp_path / "out", photos(4)
    tasks.write_text(TASKS, "utf-8")

    def go(*flags: str, status: int = 0) -> Finished:
        gemini.reset()
        words = [f"--input={folder}", f"--tasks={tasks}", f"--output={out}", *flags]
        assert main(["run", *words]) == status
        return Finished(status, out)

    return go


def at(url: str, service: str = "developer") -> list[str]:
    project = ["--gemini_project=p"] if service == "vertex" else []
    return [f"--gemini={service}", f"--gemini_endpoint={url}", *project]


def services(finished: Finished) -> set[tuple[str, str]]:
    return {(row["answered_by"], row["service"]) for row in finished.answers()}


def test_an_emulators_answers_are_never_geminis(
    run: Run, gateway: str, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    emulated = run(*at(gemini.url, "emulator"))
    assert (emulated.run["emulated"], services(emulated)) == (True, {("gemini", "emulator")})
    real = run(*at(gateway))
    assert len(gemini.requests()) == 4
    assert (real.run["emulated"], services(real)) == (False, {("gemini", "developer")})
    assert real.run["all_runs"]["cost_usd"] == real.run["totals"]["cost_usd"]
    assert not any(row["reused"] for row in real.answers())
    printed = capsys.readouterr().out
    assert f"{LEFT_ALONE} that the emulator tierwise/" in printed
    page = (real.output / "report.html").read_text("utf-8")
    assert "answers left alone, the emulator tierwise/" in page
    assert "emulated" not in page.lower().replace("emulator", "")
    again = run(*at(gateway))
    assert (gemini.requests(), services(again)) == ([], {("gemini", "developer")})
    back = run(*at(gemini.url, "emulator"))
    assert (gemini.requests(), services(back)) == ([], {("gemini", "emulator")})


def test_an_emulators_dollars_count_against_no_real_cap(
    run: Run, gateway: str, gemini: Any
) -> None:
    paid = run(*at(gemini.url, "emulator")).cost
    real = run(*at(gateway), "--max_cost_usd=0.01")
    assert real.run["cap"]["spent_before_usd"] == "0.000000000"
    assert real.cost == paid > 0
    assert real.failures == []


def test_a_gateway_on_this_machine_is_not_called_emulated(
    run: Run, gateway: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*at(gateway)).run["emulated"] is False
    assert "EMULATED" not in capsys.readouterr().out


def test_our_emulator_is_found_out_whatever_the_flags_call_it(
    run: Run, gemini: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-no-account")
    finished = run(*at(gemini.url, "developer"))
    assert (finished.run["emulated"], services(finished)) == (True, {("gemini", "emulator")})
    assert "EMULATED" in capsys.readouterr().out


def test_developer_and_vertex_answer_for_each_other(
    run: Run, gateway: str, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    paid = run(*at(gateway)).run["totals"]["cost_usd"]
    moved = run(*at(gateway, "vertex"), "--max_cost_usd=0.01")
    assert (gemini.requests(), services(moved)) == ([], {("gemini", "developer")})
    assert moved.run["cap"]["spent_before_usd"] == paid
    assert moved.run["all_runs"]["services"] == {
        "developer": {"cost_usd": paid, "maybe_billed_usd": "0.000000000"},
        "vertex": {"cost_usd": "0.000000000", "maybe_billed_usd": "0.000000000"},
    }
    said = "The service has changed: 4 answers of the journal came from the Gemini Developer API"
    assert said in " ".join(capsys.readouterr().out.split())


def test_an_emulator_that_knows_other_pictures_is_another_one(
    run: Run, photos: Callable[..., Path], tmp_path: Path, gemini: Any
) -> None:
    run(*at(gemini.url, "emulator"))
    for label in ("dark", "bright"):
        photos(3, f"known/{label}", first=10 if label == "dark" else 20)
    with running_emulator(EmulatorConfig(knows=str(tmp_path / "known"))) as url:
        knowing = run(*at(url, "emulator"))
        assert not any(row["reused"] for row in knowing.answers())
        assert knowing.run["all_runs"]["cost_usd"] == knowing.run["totals"]["cost_usd"]
    assert all(row["reused"] for row in run(*at(gemini.url, "emulator")).answers())


def test_an_emulator_that_sees_or_errs_otherwise_is_another_one(
    run: Run, photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("dark", "bright"):
        photos(3, f"known/{label}", first=10 if label == "dark" else 20)
    knows = f"--emulator_knows={tmp_path / 'known'}"
    seeing = (knows, "--emulator_sees=features")
    erring = (*seeing, "--emulator_errors_at_random=1", "--emulator_errors_where_unclear=0.25")
    run(knows)
    right, wrong = run(*seeing).answers(), run(*erring).answers()
    assert not any(row["reused"] for row in (*right, *wrong))
    said = {row["uri"]: row["answer"] for row in right}
    assert all(said[row["uri"]] != row["answer"] for row in wrong)
    assert all(row["reused"] for row in run(*erring).answers())
    capsys.readouterr()
    assert main(["emulator", "--errors_where_unclear=0.6"]) == 2
    said_of_it = "--errors_where_unclear=0.6: must be at least 0 and at most 0.5."
    assert said_of_it in capsys.readouterr().err
    assert main(["emulator", "--sees=features"]) == 2
    assert "give a folder of them as well" in capsys.readouterr().err


def test_an_emulator_with_interference_is_another_one(
    run: Run, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*at(gemini.url, "emulator"))
    spoilt = run("--emulator_interference=0.02")
    assert not any(row["reused"] for row in spoilt.answers())
    assert spoilt.run["all_runs"]["cost_usd"] == spoilt.run["totals"]["cost_usd"]
    assert all(row["reused"] for row in run("--emulator_interference=0.02").answers())
    assert not any(row["reused"] for row in run("--emulator_interference=0.03").answers())
    assert all(row["reused"] for row in run("--emulator_interference=0").answers())
    capsys.readouterr()
    assert main(["emulator", "--interference=1.5"]) == 2
    assert "--interference=1.5: must be at least 0 and at most 1." in capsys.readouterr().err


def forget_who(output: Path, *, emulated: bool | None) -> None:
    """Make an output what an early version leaves: only run.json says whether it was emulated."""
    for path in output.glob("journal/?/*.jsonl"):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for line in lines:
            line["version"] = 1
            del line["answerer"]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    for path in output.glob("journal/runs/[0-9]*[0-9].json"):
        record = json.loads(path.read_text("utf-8"))
        del record["answerer"]
        path.write_text(json.dumps(record), "utf-8")
    told = json.loads((output / "run.json").read_text("utf-8"))
    del told["answerer"]
    told["emulated"] = emulated
    if emulated is None:
        (output / "run.json").unlink()
    else:
        (output / "run.json").write_text(json.dumps(told), "utf-8")


@pytest.mark.parametrize(("emulated", "asked"), [(False, 0), (True, 4)])
def test_an_early_journal_is_what_its_run_says(
    run: Run, gateway: str, gemini: Any, emulated: bool, asked: int
) -> None:
    output = run(*at(gateway)).output
    forget_who(output, emulated=emulated)
    for _ in range(2):  # the first run writes a run.json of its own over it
        run(*at(gateway), "--max_cost_usd=0.01")
        assert len(gemini.requests()) == asked
        asked = 0


def test_an_early_journal_without_a_word_is_left_alone_until_it_is_taken(
    run: Run, gateway: str, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    output = run(*at(gateway)).output
    forget_who(output, emulated=None)
    shutil.copytree(output, output.parent / "kept")
    run(*at(gateway))
    assert len(gemini.requests()) == 4
    printed = " ".join(capsys.readouterr().out.split())
    assert f"{LEFT_ALONE} that do not say who gave them" in printed
    assert "--take_unsigned=true" in printed
    shutil.rmtree(output)
    shutil.move(output.parent / "kept", output)
    taken = run(*at(gateway), "--take_unsigned=true")
    assert (gemini.requests(), services(taken)) == ([], {("gemini", "developer")})


def test_a_calibration_is_who_answered_its_own_questions(
    photos: Callable[..., Path],
    tmp_path: Path,
    gateway: str,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Begun with an emulator, it is Gemini's once Gemini answers; that the other did is told."""
    for number, label in enumerate(("dark", "bright")):
        photos(6, f"labelled/{label}", first=10 * number)
    out = tmp_path / "calibrated"
    words = ["calibrate", f"--input={tmp_path}/labelled", f"--output={out}", "--routes=high,low"]
    calibrations = []
    for where in (at(gemini.url, "emulator"), at(gateway)):
        gemini.reset()
        assert main([*words, *where]) == 0
        assert gemini.requests()
        calibrations.append(json.loads((out / "calibration.json").read_text("utf-8")))
    assert [(one["emulated"], one["service"]) for one in calibrations] == [
        (True, "emulator"),
        (False, "developer"),
    ]
    emulated, real = (one["tasks"]["category"]["choice"]["routes"] for one in calibrations)
    prices = [[one["figures"]["usd_per_1000_images"] for one in some] for some in (emulated, real)]
    assert prices[0] == prices[1]  # nothing of the emulator's was added up
    capsys.readouterr()
    ask = [f"--tasks={out}/tasks.yaml", f"--calibration={out}/calibration.json"]
    run_words = ["run", f"--input={photos(2)}", f"--output={tmp_path}/later", *ask]
    assert main([*run_words, *at(gateway, "vertex")]) == 0
    assert "it was made at the Gemini Developer API" in " ".join(capsys.readouterr().err.split())
