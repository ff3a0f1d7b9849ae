"""What words mean: verbs, our flags, and those that are Beam's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import (
    DirectOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.runners.beam_options import beam_options, is_local
from tierwise.beam_pipeline.runners.workers import in_this_process, worker_processes
from tierwise.errors import InputError

ROOT = Path(__file__).parents[2]
NEEDED = ["--input=a", "--output=b"]


def test_flags_without_a_verb_mean_run() -> None:
    assert read_command_line(NEEDED) == read_command_line(["run", *NEEDED])


def test_no_words_show_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "tierwise VERB --help" in capsys.readouterr().out


def test_values_follow_a_sign_or_a_space() -> None:
    line = read_command_line(["run", "--input", "a b", "--output", "b", "--accept_truncated"])
    assert line.settings.input == "a b"
    assert line.settings.accept_truncated is True
    assert line.beam_flags == ()


@pytest.mark.parametrize(
    "words",
    [["show"], ["show", "--json"], ["report"], ["export", "--to=csv"], ["review", "--random=5"]],
)
def test_an_output_that_is_only_read_may_stand_alone(words: list[str]) -> None:
    assert read_command_line([*words, "out/"]).settings.output == "out/"
    with pytest.raises(InputError, match="not a flag"):
        read_command_line([*words, "out/", "more/"])


def test_what_is_changed_is_named_by_a_flag() -> None:
    with pytest.raises(InputError, match=r"--output is missing|not a flag"):
        read_command_line(["forget", "out/", "--uri=a.jpg"])


def test_addresses_of_files_are_paths() -> None:
    line = read_command_line(["--input=a", "--output=file:///b%20c/d/", "--tasks=file:/t.yaml"])
    assert (line.settings.output, line.settings.tasks) == ("/b c/d/", "/t.yaml")
    with pytest.raises(InputError, match="names a file of the machine 'elsewhere'"):
        read_command_line(["--input=a", "--output=file://elsewhere/b"])


def test_what_is_not_ours_is_beams() -> None:
    beams = ("--project=p", "--temp_location", "gs://b/t", "--streaming")
    line = read_command_line([*NEEDED, *beams])
    assert line.beam_flags == beams
    options = beam_options(["--num_workers=3", "--direct_num_workers", "2"])
    assert options.view_as(WorkerOptions).num_workers == 3
    assert options.view_as(DirectOptions).direct_num_workers == 2


LOCAL = ["", "DirectRunner", "directrunner", "direct", "FnApiRunner", "SwitchingDirectRunner"]


@pytest.mark.parametrize("name", LOCAL)
def test_the_local_runner_is_pinned(name: str) -> None:
    options = beam_options([f"--runner={name}"] if name else [])
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert is_local(options)
    assert in_this_process(options)


def test_other_runners_stay_what_they_are() -> None:
    options = beam_options(["--runner=FlinkRunner"])
    assert options.view_as(StandardOptions).runner == "FlinkRunner"
    assert not is_local(options)


@pytest.mark.parametrize(
    ("flags", "processes"),
    [
        ((), 2),
        (("--max_num_workers=5",), 10),
        (("--max_num_workers=5", "--machine_type=n1-standard-1"), 5),
        (("--num_workers=3", "--machine_type=e2-highcpu-16"), 48),
        (("--max_num_workers=2", "--machine_type=n2-custom-6-3072"), 12),
        (("--max_num_workers=2", "--machine_type=c4-standard-4-lssd"), 8),
        (("--max_num_workers=7", "--experiments=no_use_multiple_sdk_containers"), 7),
    ],
)
def test_dataflow_has_a_process_for_each_processor(flags: tuple[str, ...], processes: int) -> None:
    dataflow = ("--runner=DataflowRunner", "--project=my-project", "--region=us-central1")
    assert worker_processes(beam_options((*dataflow, *flags))) == processes


def test_what_dataflow_gets_unless_it_is_said_otherwise() -> None:
    options = beam_options(["--runner=DataflowRunner"])
    assert options.view_as(StandardOptions).resource_hints == ["min_ram=2GB"]
    assert options.view_as(SetupOptions).save_main_session is False
    mine = beam_options(
        ["--runner=DataflowRunner", "--resource_hints=min_ram=8GB", "--save_main_session"]
    )
    assert mine.view_as(StandardOptions).resource_hints == ["min_ram=8GB"]
    assert mine.view_as(SetupOptions).save_main_session is True


def test_processes_are_counted() -> None:
    flags = ["--direct_running_mode=multi_processing", "--direct_num_workers=3"]
    assert worker_processes(beam_options(flags)) == 3
    assert not in_this_process(beam_options(flags))
    assert worker_processes(beam_options([])) == 1


def test_the_module_is_the_command(photos: Callable[..., Path], tmp_path: Path) -> None:
    """A real process with an emulator of its own, from another folder, says nothing but the end."""
    words = [f"--input={photos(3)}", "--output=out", "--runner=DirectRunner"]
    done = subprocess.run(
        [sys.executable, "-m", "beam_pipeline", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Tables: out/wide, out/answers" in done.stdout
    assert "EMULATED" in done.stdout
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["emulator_bill"]["total_usd"] == run["totals"]["cost_usd"] != "0.000000000"
    assert run["emulator_bill"]["requests"] == run["totals"]["requests"]


def test_hostile_files_say_nothing_on_standard_error(
    classify: Callable[..., Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = ROOT.parent / "shared" / "data" / "hostile"
    if not hostile.is_dir():
        pytest.skip(f"the hostile files are not at {hostile}")
    tasks = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'
    finished = classify(hostile, tasks=tasks)
    assert finished.run["files"] > 10
    assert finished.failures
    said = capfd.readouterr().err.splitlines()
    assert [line for line in said if not line.startswith("asking: ")] == []  # a line of progress
