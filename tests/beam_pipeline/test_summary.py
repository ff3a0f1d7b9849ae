"""The end of a run for people: readable in any terminal, honest about what it shows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tierwise.beam_pipeline.terminal.cost_table import cost_table, dollars, thousands
from tierwise.beam_pipeline.terminal.plain_text import plain

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  category: {prompt: "Which?", labels: [landscape, city], images_per_request: 3}
  watermark:
    prompt: Is there a watermark, and where?
    schema:
      type: object
      properties: {present: {type: boolean}, where: {type: string, maxLength: 200}}
      required: [present, where]
    media_resolution: high
"""


def row(task: str = "category", outcome: str = "answered", **changed: Any) -> dict[str, Any]:
    return {
        "task": task,
        "model": "gemini-3.1-flash-lite",
        "media_resolution": "low",
        "service_tier": "standard",
        "outcome": outcome,
        "requests": 125_000,
        "images": 1_000_000,
        "input_tokens": 266_000_000,
        "output_tokens": 9_000_000,
        "thought_tokens": 0,
        "cost_usd": Decimal("79.123456789"),
        "saved_usd": Decimal("188.000000000"),
        **changed,
    }


def drawn(rows: list[dict[str, Any]], width: int, title: str = "Costs") -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(cost_table(rows, width, title))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120])
def test_the_cost_table_fits(width: int) -> None:
    rows = [row(), row("watermark", "quota_exhausted", media_resolution="high")]
    text = drawn(rows, width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("category", "watermark", "quota_exhausted", "79.123457", "1.0M"):
        assert word in text
    assert "…" not in text


def test_wider_terminals_show_more() -> None:
    rows = [row(), row("watermark", media_resolution="high")]
    shown = [len(drawn(rows, width).splitlines()[1]) for width in (60, 80, 100, 120)]
    assert shown == sorted(shown)
    assert "requests" in drawn(rows, 80)
    assert "tokens" not in drawn(rows, 60)
    assert drawn(rows, 120).count("tokens") == 2


def test_what_all_rows_share_stands_in_the_title() -> None:
    text = drawn([row(), row("other")], 100)
    title, _, table = text.partition("\n")
    assert title.rstrip() == "Costs, gemini-3.1-flash-lite, low, standard"
    assert "gemini" not in table
    mixed = drawn([row(), row("other", model="gemini-2.5-flash")], 120)
    assert "model" in mixed
    assert "gemini-2.5-flash" in mixed.partition("\n")[2]


def test_no_rows_make_an_empty_table() -> None:
    assert "task" in drawn([], 80)


def test_figures_are_short() -> None:
    numbers = [0, 999, 9_999, 10_000, 999_949, 1_234_567, 45_000_000_000]
    shown = [thousands(number) for number in numbers]
    assert shown == ["0", "999", "9999", "10.0k", "999.9k", "1.2M", "45.0G"]
    amounts = ["0", "0.000000001", "0.003212750", "99.5", "100", "-0.25"]
    assert [dollars(Decimal(amount)) for amount in amounts] == [
        *("0", "0.000000001", "0.003213", "99.500000", "100.00", "-0.250000")
    ]


def test_text_cannot_steer_a_terminal() -> None:
    assert plain("é 漢 😀") == "é 漢 😀"
    assert plain("\x1b]0;gone\x07\r\n\u202e") == "\\x1b]0;gone\\x07\\r\\n\\u202e"
    assert plain("abcdefgh", most=4) == "abc…"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_run_ends_with_answers_costs_and_places(
    width: int,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    folder = photos(5)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    finished = classify(folder, tasks=TASKS)
    text = capsys.readouterr().out
    tables = text.partition("\n\n")[2].partition("Images: ")[0]
    assert max(map(len, tables.splitlines())) <= width
    assert "category: 5 of 6 answered" in text
    assert "present: " in text
    assert "Costs (emulated), gemini-3.1-flash-lite, standard" in text
    assert "unreadable" in text
    assert f"cost: ${finished.run['totals']['cost_usd']}" in text
    assert "EMULATED" in text
    assert f"Totals: {finished.output}/run.json\n" in text


def test_failures_are_counted_in_rows_and_nothing_is_no_table(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(0)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    finished = classify(folder, tasks=TASKS)
    lines = capsys.readouterr().out.splitlines()
    told = lines.index("")
    assert [line.strip() for line in lines[told + 1 : told + 3]] == [
        "category: 0 of 1 answered",
        "watermark: 0 of 1 answered",
    ]
    text = "\n".join(lines)
    assert "examples" not in text
    assert "label" not in text
    failures = text.partition("Failures")[2]
    assert re.search(r"reason\W+rows\W", failures)
    assert re.search(r"unreadable\W+2\W", failures)
    assert len(finished.failures) == 2
