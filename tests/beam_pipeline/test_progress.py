"""While a run goes on: a bar on a terminal, lines elsewhere, nothing that cannot be known."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tierwise.beam_pipeline.terminal.progress import line_pauses_s, progress
from tierwise.beam_pipeline.terminal.speed import Speed
from tierwise.scheduling.tally import TALLY, Tally


def console_of(*, terminal: bool, width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False)


def shown_on(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def count_some() -> None:
    TALLY.cap, TALLY.before = 10_000_000, 1_000_000
    TALLY.requests, TALLY.cost, TALLY.failures, TALLY.files = 1, 1_500_000, 1, 1


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_bar_counts_what_is_done(width: int) -> None:
    console = console_of(terminal=True, width=width)
    with progress(console, verb="asking", total=10, visible=True):
        count_some()
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown_on(console))
    for words in ("asking", "1/10", "files", "1 failure ·", "requests/s", "$0.001500", "25.0 %"):
        assert words in lines
    assert "of the cap used" in " ".join(lines.split())
    assert max(map(len, lines.replace("\r", "\n").splitlines())) <= width


def test_no_colour_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = console_of(terminal=True)
    with progress(console, verb="asking", total=10, visible=True):
        count_some()
    codes = {
        code
        for found in re.findall(r"\x1b\[([0-9;]*)m", shown_on(console))
        for code in found.split(";")
    }
    assert codes <= {"", "0", "1", "2"}  # bold and dim, no colour


def test_lines_are_written_where_there_is_no_terminal() -> None:
    console, written = console_of(terminal=False), threading.Event()

    def pauses() -> Iterator[float]:
        yield 0.01
        written.set()
        yield 60.0

    with progress(console, verb="asking", total=1_200, visible=True, pauses_s=pauses()):
        count_some()
        assert written.wait(10)
    [line] = shown_on(console).splitlines()
    figures = (
        r"asking: 1 of 1,200 files \(0 %\), 1 failure, [\d.]+ requests/s, \$0\.001500, "
        r"25\.0 % of the cap used, .* left"
    )
    assert re.fullmatch(figures, line)


def test_a_short_run_writes_no_line_and_a_long_one_few() -> None:
    console = console_of(terminal=False)
    with progress(console, verb="asking", total=10, visible=True):
        count_some()
    assert shown_on(console) == ""
    assert list(islice(line_pauses_s(), 7)) == [10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_other_processes_do_is_not_guessed(terminal: bool) -> None:
    console = console_of(terminal=terminal)
    with progress(console, verb="asking", total=1_200, visible=False):
        TALLY.count_file()
    assert shown_on(console).split() == (
        [
            "asking:",
            "1,200",
            "files,",
            "in",
            "other",
            "processes,",
            "so",
            "that",
            "progress",
            "is",
            "not",
            "shown.",
        ]
    )


def test_shrinking_tells_of_no_money() -> None:
    console = console_of(terminal=True)
    with progress(console, verb="shrinking", total=10, visible=True):
        TALLY.count_file()
    assert "$" not in shown_on(console)
    assert "requests" not in shown_on(console)


def test_each_run_counts_anew() -> None:
    count_some()
    with progress(console_of(terminal=False), verb="asking", total=1, visible=True):
        assert Tally() == TALLY


@given(st.integers(1, 50), st.integers(1, 500), st.integers(0, 300))
def test_speed_is_that_of_the_last_minute(files: int, requests: int, before: int) -> None:
    """Whatever was, say answers that came from the journal, only the last minute counts."""
    speed, tally, now = Speed(), Tally(files=before * 1000), float(before)
    speed.note(0.0, Tally())
    for _ in range(130):
        now += 1.0
        tally.files += files
        tally.requests += requests
        speed.note(now, tally)
    assert speed.requests_per_s == pytest.approx(requests)
    assert speed.seconds_left(tally.files + 100 * files) == pytest.approx(100)


def test_nothing_is_foretold_of_what_does_not_move() -> None:
    speed = Speed()
    assert speed.requests_per_s == 0
    for at_s in (time.monotonic(), time.monotonic() + 1):
        speed.note(at_s, Tally(files=3))
    assert speed.seconds_left(10) is None


@pytest.mark.parametrize("flags", [(), ("--max_cost_usd=1",)], ids=["without a cap", "capped"])
def test_what_is_shown_at_the_end_is_what_the_account_says(
    flags: tuple[str, ...], photos: Callable[..., Path], classify: Callable[..., Any]
) -> None:
    folder = photos(4)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    finished = classify(folder, *flags)
    assert (TALLY.files, TALLY.failures) == (5, len(finished.failures))
    assert TALLY.answers == len(finished.answers())
    assert (TALLY.requests, TALLY.cost) == (finished.run["totals"]["requests"], finished.cost)
    assert TALLY.cap == (10**9 if flags else 0)
