"""A cap before it is spent: who refuses a malformed one, and how far `plan` says it reaches."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.answerer import Answerer, ServiceKind
from tierwise.beam_pipeline.__main__ import main
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import take_lease
from tierwise.version import VERSION as PROGRAM

EMULATOR = Answerer(ServiceKind.EMULATOR, f"tierwise/{PROGRAM}")

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
  name:
    input: text
    prompt: Name a thing that is {shade}.
    text: {max_length: 60}
"""
IMAGES = 18


def dollars(nano: int) -> str:
    return f"{Decimal(nano).scaleb(-9):f}"


@pytest.mark.parametrize("verb", ["run", "plan", "measure", "calibrate"])
def test_every_verb_refuses_what_is_no_amount_before_it_writes(
    verb: str, photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    for amount in ("abc", "-1", "nan"):
        words = [f"--input={photos(1)}", f"--output={output}", f"--max_cost_usd={amount}"]
        assert main([verb, *words]) == 2
        assert f"--max_cost_usd={amount}: is not an amount" in capsys.readouterr().err
    assert not output.exists()


def planned(words: list[str], cap: int, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["plan", *words, f"--max_cost_usd={dollars(cap)}", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def nano(usd: str) -> int:
    return int(Decimal(usd).scaleb(9))


def test_a_plan_says_how_far_a_cap_reaches_and_a_run_gets_so_far(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(IMAGES)
    whole_cost = classify(folder, tasks=TASKS, output="uncapped").cost
    words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml"]
    forecast = planned(words, 0, capsys)
    assert forecast["cap"]["covers"] == "nothing"
    assert "too low to ask a single image" in forecast["cap"]["line"]
    middle, high, worst = (nano(forecast[f"{name}_usd"]) for name in ("cost", "high", "worst"))
    covers = {
        cap: planned(words, cap, capsys)["cap"]["covers"] for cap in (middle, 2 * high, worst + 9)
    }
    assert list(covers.values()) == ["part", "interval", "worst"]  # some stays free to the last

    cap = 3 * whole_cost // 4
    part = planned(words, cap, capsys)["cap"]
    assert f"--max_cost_usd={dollars(cap).rstrip('0')} is below" in part["line"]
    finished = classify(folder, f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3)
    assert part["low_share"] - 0.1 <= finished.cost / whole_cost <= part["high_share"] + 0.1

    words.append(f"--output={finished.output}")
    more = planned(words, cap, capsys)["cap"]
    assert nano(more["spent_before_usd"]) == finished.cost
    assert (more["maybe_lost_usd"], more["covers"]) == ("0.000000000", "nothing")
    assert "of which earlier runs have spent, or perhaps lost, $0.0" in more["line"]
    compared = planned([*words, "--compare"], cap, capsys)["cap"]
    assert compared == more
    assert main(["plan", *words, f"--max_cost_usd={dollars(cap)}"]) == 0
    assert more["line"] in capsys.readouterr().out

    record = new_record("killed", untraced_requests=2, journal_version=VERSION, answerer=EMULATOR)
    take_lease(f"{finished.output}/journal/runs", record).end(untraced_requests=2)
    lost = planned(words, 9 * cap, capsys)["cap"]
    assert nano(lost["maybe_lost_usd"]) > 0
    again = classify(folder, f"--max_cost_usd={dollars(9 * cap)}", tasks=TASKS, status=None)
    for name in ("max_cost_usd", "spent_before_usd", "maybe_lost_usd"):
        assert lost[name] == again.run["cap"][name]


def test_the_reach_of_a_cap_over_groups(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group is asked whole or not at all."""
    theme = "{per: folder, prompt: 'What is {folder}?', labels: [x, y]}"
    tasks = f"model: gemini-3.1-flash-lite\ntasks: {{theme: {theme}}}"
    (tmp_path / "tasks.yaml").write_text(tasks, "utf-8")
    place = photos(4, "all/a").parent
    photos(4, "all/b", first=10)
    words = [f"--input={place}", f"--tasks={tmp_path}/tasks.yaml"]
    forecast = planned(words, 0, capsys)
    one_group = nano(forecast["cost_usd"]) // 2
    covers = [planned(words, cap, capsys)["cap"]["covers"] for cap in (one_group, 10**9)]
    assert covers == ["nothing", "worst"]
