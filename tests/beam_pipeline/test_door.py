"""The door: what `from tierwise import ...` gives, in a pipeline and without one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

import tierwise
from tests.beam_pipeline.conftest import Finished
from tierwise.scheduling.running import close_all

ROOT = Path(__file__).resolve().parents[2]
TASKS = {
    "model": "gemini-3.1-flash-lite",
    "tasks": {
        "shade": {"prompt": "How light is it?", "labels": ["dark", "bright"]},
        "all": {"prompt": "What do they share?", "text": {"max_length": 40}, "per": "folder"},
    },
}


@pytest.fixture(autouse=True)
def _engines_end() -> Iterator[None]:
    yield
    close_all()


def python(program: str, *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_public_name_is_there_and_documented() -> None:
    assert tierwise.__all__ == sorted(tierwise.__all__)
    page = (ROOT / "docs/python.md").read_text("utf-8")
    for name in tierwise.__all__:
        assert getattr(tierwise, name).__doc__, name
        assert re.search(rf"`[^`]*\b{name}\b", page), name
    with pytest.raises(AttributeError, match="no attribute 'AskGemni'"):
        _ = tierwise.AskGemni


def test_a_part_below_brings_no_beam_and_the_door_brings_it_once() -> None:
    done = python(
        "import sys, tierwise, tierwise.tasks, tierwise.records\n"
        "assert 'apache_beam' not in sys.modules\n"
        "from tierwise import AskGemini, load_tasks\n"
        "assert 'apache_beam' in sys.modules and AskGemini is tierwise.AskGemini\n"
        "assert 'google.genai' not in sys.modules  # that is for those who ask\n"
    )
    assert done.returncode == 0, done.stderr


def test_the_door_takes_little_longer_than_beam() -> None:
    """By processor time, which a busy machine does not stretch."""
    took = "import time; print(time.process_time())"
    bare, door = (
        float(python(f"{imports}\n{took}").stdout)
        for imports in (
            "import apache_beam.transforms.window, apache_beam.runners.runner",
            "from tierwise import AskGemini, OptimizeImages, ReadImages, WriteTables, run",
        )
    )
    assert door < bare + max(1.5, 0.8 * bare)


def test_the_lines_of_the_readme_run_and_warn_of_nothing(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = python(program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    finished = Finished(0, tmp_path / "out-python")
    lines = done.stdout.splitlines()
    assert len(lines) == len(finished.answers()) > 0
    assert {row["customer"] for row in finished.answers()} == {"web-shop"}
    assert finished.run["status"] == "done"


def test_the_lines_of_the_page_run(tmp_path: Path) -> None:
    page = (ROOT / "docs/python.md").read_text("utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for program in re.findall(r"```python\n(.*?)```", page, re.S):
        done = python(program, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert Finished(0, tmp_path / "out-python").run["status"] == "done"


def plain(done: Finished) -> set[tuple[str, str, str, str]]:
    return {(r["uri"], r["task"], str(r["answer"]), str(r["cost_usd"])) for r in done.answers()}


def test_run_pipeline_and_functions_come_to_the_same(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    """Failures, twins and groups included; and each costs what was billed."""
    folder = photos(5)
    (folder / "twin.jpg").write_bytes((folder / "000.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    flags: dict[str, Any] = {"tasks": TASKS, "gemini_endpoint": gemini.url}
    found = []
    for place in ("run", "pipeline", "functions"):
        gemini.reset()
        output = str(tmp_path / place)
        if place == "run":
            told = dict(tierwise.run(input=str(folder), output=output, **flags))
        elif place == "pipeline":
            with beam.Pipeline(runner="FnApiRunner") as pipeline:
                images = pipeline | tierwise.ReadImages(str(folder))
                _ = images | tierwise.AskGemini(output=output, **flags) | tierwise.WriteTables()
            told = Finished(0, tmp_path / place).run
        else:
            answers = tierwise.ask_gemini(tierwise.read_images(str(folder)), output=output, **flags)
            told = tierwise.write_tables(answers)
        done = Finished(0, tmp_path / place)
        assert done.run == told
        assert done.cost == gemini.billed()
        found.append((plain(done), done.reasons, told["tasks"], told["totals"]))
        for kept in (found[-1][2], found[-1][3]):
            kept.pop("latency_ms", None)
    assert found[0] == found[1] == found[2]
    assert found[0][1] == {
        ("broken.jpg", "shade"): "unreadable",
        ("broken.jpg", "all"): "unreadable",
    }


def test_a_cap_holds_without_a_pipeline_and_a_second_call_pays_the_rest(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    names = [str(path) for path in sorted(photos(6).iterdir())]
    tasks = {**TASKS, "tasks": {"shade": TASKS["tasks"]["shade"]}}  # type: ignore[index]
    flags: dict[str, Any] = {"output": str(tmp_path / "out"), "gemini_endpoint": gemini.url}
    first = tierwise.ask_gemini([*names, names[0]], tasks, max_cost_usd="0.0003", **flags)
    assert 0 < sum(isinstance(row.outcome, tierwise.Answer) for row in first) < len(names)
    run = tierwise.write_tables(first)
    assert (run["status"], run["repeated_rows"]) == ("rows_left", 1)
    assert Decimal(run["cap"]["max_cost_usd"]) == Decimal("0.0003")
    assert gemini.billed() <= 300_000
    second = tierwise.ask_gemini(names, tasks, **flags)
    assert all(isinstance(row.outcome, tierwise.Answer) for row in second)
    assert len(gemini.requests()) == len(names)


def test_one_that_broke_off_does_not_keep_the_next_of_this_process_out(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    names = [str(path) for path in sorted(photos(2).iterdir())]
    flags: dict[str, Any] = {"output": str(tmp_path), "gemini_endpoint": gemini.url}
    broken = beam.Pipeline(runner="FnApiRunner")
    _ = broken | beam.Create(names) | tierwise.AskGemini(TASKS, **flags)  # and is never run
    answers = tierwise.ask_gemini(names, TASKS, **flags)
    assert tierwise.write_tables(answers)["status"] == "done"


def test_images_are_shrunk_alike_with_and_without_a_pipeline(
    photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photos(3)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    records = list(tierwise.optimize_images(str(folder), str(tmp_path / "a"), max_side=32))
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        images = pipeline | tierwise.ReadImages(str(folder))
        _ = images | tierwise.OptimizeImages(str(tmp_path / "b"), max_side=32)
    assert sorted(one.output for one in records) == ["", "000.jpg", "001.jpg", "002.jpg"]
    for name in ("000.jpg", "001.jpg", "002.jpg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"sampel": 3}, "--sampel is not a flag of tierwise run"),
        ({"calibration": "not/there.json"}, "--calibration=not/there.json"),
        ({"tasks": {"tasks": {}}}, 'tasks, line 1, key "model"'),
        ({"tasks": "not/there.yaml"}, "--tasks=not/there.yaml"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    flags: dict[str, Any], message: str, gemini: Any, tmp_path: Path
) -> None:
    given = {"tasks": TASKS, "output": str(tmp_path), "gemini_endpoint": gemini.url, **flags}
    with pytest.raises(tierwise.InputError, match=re.escape(message)):
        tierwise.ask_gemini(["a.jpg"], **given)
    with pytest.raises(tierwise.InputError, match=re.escape(message)):
        _ = (
            beam.Pipeline(runner="FnApiRunner")
            | beam.Create(["a.jpg"])
            | tierwise.AskGemini(**given)
        )


def test_outputs_may_be_addresses_of_files(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    address = tmp_path.as_uri()
    small = list(tierwise.optimize_images(photos(2).as_uri(), f"{address}/small%20ones/"))
    assert len(small) == 2
    assert len(list((tmp_path / "small ones").glob("*.jpg"))) == 2
    files = tierwise.read_images(photos(2).as_uri())
    flags: dict[str, Any] = {"tasks": TASKS, "gemini_endpoint": gemini.url}
    answers = tierwise.ask_gemini(files, output=f"{address}/asked", **flags)
    tierwise.write_tables(answers, output=f"{address}/told")
    assert (tmp_path / "asked/journal").is_dir()
    assert (tmp_path / "told/run.json").is_file()
