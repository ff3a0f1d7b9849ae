"""Ctrl-C ends a run at once; the same command goes on from there and pays next to nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = 200
IN_FLIGHT = 8
TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'
PAIRS = TASKS.replace("prompt:", "per: pair, prompt:")


@pytest.fixture
def started(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command as a person does, against an emulator that takes its time."""
    folder = photos(IMAGES)
    rows = [f"photos/{path.name},{n // 2}" for n, path in enumerate(sorted(folder.iterdir()))]
    (tmp_path / "pairs.csv").write_text("uri,pair\n" + "\n".join(rows))
    processes = []

    def start(tasks: str = TASKS, found: str = "photos", *flags: str) -> subprocess.Popen[str]:
        (tmp_path / "tasks.yaml").write_text(tasks)
        words = [f"--input={found}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
        words += [f"--gemini_endpoint={gemini.url}", f"--requests_in_flight={IN_FLIGHT}", *flags]
        with hanging_up_is_heard():
            process = subprocess.Popen(
                [sys.executable, "-m", "beam_pipeline", "run", *words],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@contextmanager
def hanging_up_is_heard() -> Iterator[None]:
    """What is started hears that its terminal is gone also where `nohup` started these tests."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)


def wait_for_requests(gemini: Any, least: int) -> None:
    end = time.monotonic() + 90  # on a busy machine a command takes its time to begin
    while len(gemini.requests()) < least:
        assert time.monotonic() < end, "the run asks nothing"
        time.sleep(0.05)


def dollars(nano: int) -> str:
    return f"{Decimal(nano).scaleb(-9):f}"


def parent_of(process: int) -> int:
    """The parent's number; 0 for a process that has ended."""
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state == "Z" else int(parent)


def children(process: int) -> list[int]:
    numbers = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [number for number in numbers if parent_of(number) == process]


def moved_to_another_machine(out: Path) -> None:
    """The record of the one run so far, as if its process could not be seen from here."""
    record = out / "journal/runs/000001.json"
    told = json.loads(record.read_text())
    told["process"] = {**told["process"], "host": "another-machine", "space": ""}
    whole = record.with_name("moved")
    whole.write_text(json.dumps(told))
    whole.replace(record)


def published(out: Path) -> dict[str, bytes]:
    """Everything in an output that is not its journal."""
    found = (path for path in out.rglob("*") if path.is_file())
    return {
        name: path.read_bytes()
        for path in found
        if not (name := str(path.relative_to(out))).startswith("journal/")
    }


@pytest.mark.prove
@pytest.mark.timeout(300)
def test_a_process_that_was_stopped_publishes_nothing_when_it_goes_on(
    started: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    """A laptop that slept while another run took its output: waits for two whole commands."""
    out = tmp_path / "out"
    gemini.faults({"kind": "latency", "ms": 100})
    sleeper = started()
    wait_for_requests(gemini, 20)
    sleeper.send_signal(signal.SIGSTOP)
    moved_to_another_machine(out)
    gemini.faults()
    other = started(TASKS, "photos", "--take_over=true")
    _, err = other.communicate(timeout=90)
    assert other.returncode == 0, err
    left = published(out)
    sleeper.send_signal(signal.SIGCONT)
    _, err = sleeper.communicate(timeout=90)
    assert sleeper.returncode == 1
    assert "has begun into the same output" in err
    assert "with --take_over" in err
    assert published(out) == left


@pytest.mark.prove
@pytest.mark.timeout(300)
def test_what_a_run_pays_after_its_output_was_taken_is_in_the_account(
    started: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    """Whoever takes an output over is told too late that the other is alive: both ask on."""
    gemini.faults({"kind": "latency", "ms": 200})
    alive = started()
    wait_for_requests(gemini, 20)
    alive.send_signal(signal.SIGSTOP)
    moved_to_another_machine(tmp_path / "out")
    other = started(TASKS, "photos", "--take_over=true")
    end = time.monotonic() + 90
    while not (tmp_path / "out/journal/runs/000002.json").exists():
        assert time.monotonic() < end, "the other takes nothing over"
        time.sleep(0.05)
    alive.send_signal(signal.SIGCONT)
    _, err = alive.communicate(timeout=90)
    assert alive.returncode == 1, err
    _, err = other.communicate(timeout=90)
    assert other.returncode == 0, err
    told = json.loads((tmp_path / "out/run.json").read_text())["all_runs"]
    known, perhaps = (Decimal(told[name]) for name in ("cost_usd", "maybe_billed_usd"))
    assert known <= Decimal(dollars(gemini.billed())) <= known + perhaps


def test_a_killed_run_of_groups_loses_only_what_was_under_way(
    started: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": "latency", "ms": 300})
    process = started(PAIRS, "pairs.csv")
    wait_for_requests(gemini, 24)
    process.kill()
    process.communicate()
    gemini.faults()
    again = started(PAIRS, "pairs.csv")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    asked = Counter(tuple(sorted(line["images"])) for line in gemini.requests())
    assert {len(images) for images in asked} == {2}
    assert len(asked) == IMAGES / 2
    assert sum(times - 1 for times in asked.values()) <= IN_FLIGHT


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.prove)],
)
def test_an_interrupted_run_ends_at_once_and_goes_on_later(
    number: signal.Signals, started: Callable[[], Any], gemini: Any, tmp_path: Path
) -> None:
    gemini.faults({"kind": "latency", "ms": 300})
    process = started()
    wait_for_requests(gemini, 20)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)  # on a busy machine; that it was at once is seen below
    assert process.returncode == 1
    assert "run the same command again" in err
    assert "Traceback" not in err
    before = len(gemini.requests())
    assert 20 <= before < IMAGES  # all would take seven seconds

    gemini.faults()
    again = started()
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["tasks"]["a"]["answers"] == IMAGES
    assert run["tasks"]["a"]["reused"] >= before - IN_FLIGHT
    paid = Counter(image for line in gemini.requests() for image in line["images"])
    assert len(paid) == IMAGES
    assert sum(times - 1 for times in paid.values()) <= IN_FLIGHT


def test_a_killed_run_loses_only_what_was_under_way(
    started: Callable[[], Any], gemini: Any, tmp_path: Path
) -> None:
    gemini.faults({"kind": "latency", "ms": 300})
    process = started()
    wait_for_requests(gemini, 40)
    process.kill()
    process.communicate()
    gemini.faults()
    again = started()
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    paid = Counter(image for line in gemini.requests() for image in line["images"])
    assert len(paid) == IMAGES
    assert sum(times - 1 for times in paid.values()) <= IN_FLIGHT
    assert not list((tmp_path / "out").glob(".staging-*"))
    # What was under way stands in the account, capped or not, and the end tells it.
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    every, photos = run["all_runs"], tmp_path / "photos"
    cost, maybe, lost = (
        int(Decimal(every[name]).scaleb(9))
        for name in ("cost_usd", "maybe_billed_usd", "maybe_lost_usd")
    )
    assert cost <= gemini.billed() <= cost + maybe
    assert lost == maybe > 0
    # Each at its own worst case, and by its name.
    named = run["left_under_way"]
    assert sum(times - 1 for times in paid.values()) <= len(named) <= IN_FLIGHT
    assert lost == sum(int(Decimal(one["maybe_billed_usd"]).scaleb(9)) for one in named)
    here = {hashlib.sha256(path.read_bytes()).hexdigest() for path in photos.iterdir()}
    asked = {name.removeprefix("sha256:") for one in named for name in one["content_hashes"]}
    assert len(asked) == len(named)
    assert asked <= here
    line = f"maybe billed besides, at the worst: ${dollars(maybe)}, of which perhaps lost"
    assert line in " ".join(out.split())
    assert f"Perhaps lost, ${dollars(lost)}: the most that requests" in " ".join(out.split())


def test_workers_end_soon_after_a_killed_launcher(
    started: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    gemini.faults({"kind": "latency", "ms": 300})
    if not Path("/proc/self/stat").exists():
        pytest.skip("only Linux shows whose child a process is")
    flags = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    process = started(TASKS, "photos", *flags)
    wait_for_requests(gemini, 20)
    workers = [below for shell in children(process.pid) for below in (shell, *children(shell))]
    assert len(workers) >= 2
    process.kill()
    end = time.monotonic() + 10
    while any(map(parent_of, workers)):
        assert time.monotonic() < end, "workers outlive their launcher"
        time.sleep(0.05)
    assert len(gemini.requests()) < IMAGES / 2
    # What was under way has become durable.
    objects = (tmp_path / "out" / "journal").glob("?/*.jsonl")
    lines = [line for path in objects for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == len(gemini.requests())


def test_an_interruption_before_the_start_spends_nothing(
    started: Callable[[], Any], gemini: Any
) -> None:
    process = started()
    maps = Path(f"/proc/{process.pid}/maps")
    if not maps.parent.parent.is_dir():
        pytest.skip("only Linux shows what a process has loaded")
    while "apache_beam" not in maps.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert err.startswith("tierwise: interrupted")
    assert gemini.requests() == []


def test_killed_runs_never_exceed_the_cap(
    started: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    cap = 12_000_000  # nano-dollars; all pictures together cost about 14
    flags = (TASKS, "photos", "--max_cost_usd=0.012")
    gemini.faults({"kind": "latency", "ms": 300})
    for least in (20, 60):
        process = started(*flags)
        wait_for_requests(gemini, least)
        process.kill()
        process.communicate()
        assert gemini.billed() <= cap
    gemini.faults()
    _, err = started(*flags).communicate(timeout=60)
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["exit_status"] == 3, err
    sums = {name: int(Decimal(usd).scaleb(9)) for name, usd in run["cap"].items()}
    assert run["all_runs"]["maybe_lost_usd"] == run["cap"]["maybe_lost_usd"]
    assert 0 < sums["maybe_lost_usd"] < cap / 2
    traced = sums["spent_before_usd"] + sums["spent_usd"]
    assert 0.4 * cap < traced <= gemini.billed() <= traced + sums["maybe_lost_usd"] <= cap
