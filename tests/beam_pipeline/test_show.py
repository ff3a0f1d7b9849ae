"""`show` prints the end of a run again, word for word, whatever kind of end it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import TASKS, Classify, job_of_words
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.lease_keeper import begin
from tierwise.beam_pipeline.run_file import break_off, open_run
from tierwise.beam_pipeline.terminal.next_lines import next_lines

ROOT = Path(__file__).parents[2]
SHADE = TASKS.partition("  found:")[0]


def end_of(text: str) -> str:
    """What a run printed from the blank line before its tables."""
    return text[text.index("\n\n") + 1 :] if "\n\n" in text else text


def shown(output: Path | str, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    capsys.readouterr()
    assert main(["show", f"--output={output}", *flags]) == 0
    return capsys.readouterr().out


def refused(output: Path | str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["show", f"--output={output}"]) == 2
    captured = capsys.readouterr()
    assert not captured.out
    return captured.err


def test_the_end_says_what_to_do_next_to_people_alone(
    classify: Classify,
    photos: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = classify(photos(2))
    assert "Next:" not in shown(run.output, capsys)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as at a terminal
    end = plain_words(shown(run.output, capsys))
    assert "\nNext:\n  What Gemini would cost: tierwise plan --input=" in end
    assert f": tierwise export --output={run.output} --to=csv\n" in end
    of_gemini = {**run.run, "emulated": False}
    review, export = list(next_lines(of_gemini, "my out"))[1:]
    assert review.endswith(": tierwise review --output='my out' --random=200")
    assert "--to=csv" in export
    assert len(list(next_lines({**of_gemini, "counts": {"found": {}}}, "out"))) == 2
    assert list(next_lines({**of_gemini, "exit_status": 3}, "out")) == []


def plain_words(text: str) -> str:
    """What a terminal shows, without colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_a_run_is_shown_again_word_for_word(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(5)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    (folder / "twin.jpg").write_bytes((folder / "000.jpg").read_bytes())
    run = classify(folder)
    first = end_of(capsys.readouterr().out)
    assert "found: 6 of 7 answered" in first
    assert shown(f"{run.output}/", capsys) == first
    pilot = classify(folder, "--first=2", output="pilot")
    first = end_of(capsys.readouterr().out)
    assert "Forecast for the other" in first
    assert shown(pilot.output, capsys) == first
    classify(folder)  # reused: nothing is asked
    reused = end_of(capsys.readouterr().out)
    assert "requests: 0, cost: $0.0" in reused
    assert shown(run.output, capsys) == reused


def test_a_capped_and_judged_run_is_shown_again(
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(6)
    rows = [f"{folder}/{number:03}.jpg,dark,grey" for number in range(6)]
    manifest = folder.parent / "list.csv"
    manifest.write_text("\n".join(["uri,label,old_shade", *rows]), "utf-8")
    flags = ("--max_cost_usd=0.0003", "--audit_rate=1")
    run = classify(manifest, *flags, tasks=SHADE, status=3)
    told = end_of(capsys.readouterr().out)
    for words in ("label: held against the answers of", "Cap: $0.0003", "over_budget"):
        assert words in told
    assert shown(run.output, capsys) == told


def test_json_is_the_content_of_run_json(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(2))
    told = end_of(capsys.readouterr().out)
    assert main(["show", f"--output={run.output}", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == run.run
    assert captured.err == told


def test_what_has_no_end_says_so(
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    gemini: Any,
    tmp_path: Path,
) -> None:
    folder, tasks = photos(3), tmp_path / "tasks.yaml"
    run = classify(folder)
    paid = run.run["totals"]["cost_usd"]
    words = [f"--input={folder}", f"--tasks={tasks}", f"--gemini_endpoint={gemini.url}"]
    job = job_of_words(["run", *words, f"--output={run.output}"])
    lease = begin(job, workers=1, handed_over=False)
    open_run(job)
    told = refused(run.output, capsys)
    assert "is still going on" in told
    assert job.facts["run_id"] in told
    break_off(job)
    lease.end(untraced_requests=0)
    told = shown(run.output, capsys)
    assert f"The last run, {job.facts['run_id']}" in told
    assert "was interrupted, or broke off before its end." in told
    assert f"All runs into this output: 4 requests, ${paid}." in told
    assert "are those of the run before it" in told
    assert "run the same command again" in told
    assert "EMULATED" in told
    new = job_of_words(["run", *words, f"--output={tmp_path / 'new'}"])
    open_run(new)
    break_off(new)
    assert "There are no tables yet." in shown(tmp_path / "new", capsys)


def test_a_killed_run_is_not_said_to_go_on(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process is gone, and could not write that it ended."""
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    flags = [
        f"--input={photos(2)}",
        f"--tasks={tmp_path / 'tasks.yaml'}",
        f"--output={tmp_path / 'out'}",
        f"--gemini_endpoint={gemini.url}",
    ]
    program = (
        "from tests.beam_pipeline.conftest import job_of_words\n"
        "from tierwise.beam_pipeline.lease_keeper import begin\n"
        "from tierwise.beam_pipeline.run_file import open_run\n"
        f"job = job_of_words(['run', *{flags!r}])\n"
        "begin(job, workers=1, handed_over=False)\n"
        "open_run(job)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=120)
    assert "was interrupted, or broke off before its end." in shown(tmp_path / "out", capsys)


def test_refusals_are_clear(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(2))
    assert "holds no finished run: there is no run.json" in refused(run.output / "no", capsys)
    content, file = run.run, run.output / "run.json"
    file.write_text('{"status": ', "utf-8")
    assert "run.json: is not JSON" in refused(run.output, capsys)
    file.write_text("[]", "utf-8")
    assert "was not written by tierwise run" in refused(run.output, capsys)
    file.write_text(json.dumps({**content, "tasks": []}), "utf-8")
    assert "run.json: cannot be shown" in refused(run.output, capsys)
    file.write_text(json.dumps(content), "utf-8")
    next(run.output.glob("costs/*.parquet")).unlink()
    assert "where run.json lists" in refused(run.output, capsys)


def test_a_calibration_is_shown_and_a_measurement_names_its_files(
    photos: Callable[..., Path],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "measured"
    words = [f"--input={photos(3)}", f"--output={output}", f"--gemini_endpoint={gemini.url}"]
    assert main(["measure", *words]) == 0
    assert "was made by neither tierwise run nor calibrate" in refused(output, capsys)
    for label in ("dark", "bright"):
        photos(6, f"labelled/{label}", first=6 * (label == "dark"))
    output = tmp_path / "calibrated"
    words = [f"--input={tmp_path / 'labelled'}", f"--output={output}", words[-1]]
    assert main(["calibrate", *words]) == 0
    told = end_of(capsys.readouterr().out)
    assert shown(output, capsys) == told


def test_in_a_bucket(
    bucket: Any, draw: Callable[..., bytes], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        bucket.put(f"gs://archive/{number}.jpg", draw(number))
    words = ["--input=gs://archive/", f"--gemini_endpoint={gemini.url}"]
    assert main(["run", *words, "--output=gs://results/out"]) == 0
    told = end_of(capsys.readouterr().out)
    assert shown("gs://results/out", capsys) == told


def test_it_does_not_wait_for_beam(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from tierwise.beam_pipeline.__main__ import main\n"
        f"assert main(['show', '--output={tmp_path}']) == 2\n"
        "sys.exit('apache_beam' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0
