"""What people say is the final answer: nobody is asked, nothing is paid, and the account agrees."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  said: {prompt: "What is it?", text: {max_length: 30}}
"""
COLUMNS = ["uri", "page", "content_hash", "task", "answer", "by", "drawn"]
Classify = Callable[..., Any]


def sheet(path: Path, lines: list[dict[str, Any]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(lines)
    return f"--corrections={path}"


def line(row: dict[str, Any], answer: str, **more: Any) -> dict[str, Any]:
    known = {name: row[name] for name in ("uri", "page", "content_hash", "task")}
    return {**known, "answer": answer, "drawn": "chosen", **more}


def other(label: str) -> str:
    return {"dark": "bright", "bright": "dark"}[label]


def by_name(done: Any, task: str) -> dict[str, dict[str, Any]]:
    return {Path(row["uri"]).name: row for row in done.answers(task)}


def human_costs(done: Any) -> list[dict[str, Any]]:
    return [row for row in done.costs if row["outcome"] == "human"]


def test_people_have_the_last_word_for_all_names_of_the_same_bytes(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(4)
    (folder / "twin.jpg").write_bytes((folder / "001.jpg").read_bytes())
    before = classify(folder, tasks=TASKS)
    paid, rows = gemini.billed(), by_name(before, "shade")
    right = other(rows["001.jpg"]["answer"])
    said = [line(rows["001.jpg"], right), line(by_name(before, "said")["002.jpg"], "a red car")]
    done = classify(folder, sheet(tmp_path / "said.csv", said), tasks=TASKS)
    assert gemini.billed() == paid

    now = by_name(done, "shade")
    assert {now[name]["answer"] for name in ("001.jpg", "twin.jpg")} == {right}
    assert [now[name]["reused"] for name in ("001.jpg", "twin.jpg")] == [False, True]
    assert by_name(done, "said")["002.jpg"]["answer"] == "a red car"
    human = now["001.jpg"]
    assert (human["answered_by"], human["service"], human["cost_usd"]) == ("human", None, 0)
    assert human["input_tokens"] == human["output_tokens"] == human["thought_tokens"] == 0
    nobody = ("model", "model_version", "media_resolution", "service_tier", "request_id")
    assert [human[name] for name in nobody] == [None] * 5
    assert {now[name]["answered_by"] for name in ("000.jpg", "003.jpg")} == {"gemini"}
    assert done.run["tasks"]["shade"]["answered_by_people"] == 2
    assert done.run["tasks"]["shade"]["failures"] == 0
    assert [(row["task"], row["images"]) for row in human_costs(done)] == [
        ("said", 1),
        ("shade", 2),
    ]
    assert done.cost == 0
    told = done.run["corrections"]
    assert (told["chosen"], told["said"], told["applied"]) == (2, 2, 2)

    # They are final: a run without the file has them still, and an emulator does not matter.
    again = classify(folder, tasks=TASKS)
    assert by_name(again, "shade")["twin.jpg"]["answer"] == right
    assert by_name(again, "shade")["001.jpg"]["reused"]
    assert again.run["corrections"]["said"] == 2
    with running_emulator(EmulatorConfig()) as url:
        words = [f"--input={folder}", f"--tasks={tmp_path / 'tasks.yaml'}", "--gemini_endpoint"]
        assert main(["run", *words, url, f"--output={again.output}"]) == 0
    assert by_name(again, "shade")["001.jpg"]["answer"] == right


def test_what_people_answered_is_never_asked_and_costs_nothing_in_any_forecast(
    classify: Classify,
    photos: Callable[..., Path],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(3)
    before = classify(folder, tasks=TASKS, output="other")
    bill = Decimal(before.run["totals"]["cost_usd"])
    said = [
        line(row, "bright" if row["task"] == "shade" else "a thing")
        for row in before.answers()
        if Path(row["uri"]).name != "002.jpg"
    ]
    flag, asked = sheet(tmp_path / "said.csv", said), len(gemini.requests())
    words = [f"--input={folder}", f"--tasks={tmp_path / 'tasks.yaml'}", flag, "--json"]
    words += [f"--output={tmp_path / 'new'}"]
    capsys.readouterr()
    assert main(["plan", *words]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["requests"] == 1, plan
    done = classify(folder, flag, tasks=TASKS, output="new")
    assert len(gemini.requests()) == asked + 1
    assert 0 < done.cost < bill.scaleb(9) / 2
    assert {row["answered_by"] for row in done.answers() if "002" not in row["uri"]} == {"human"}
    baseline = {row["task"]: row["baseline_cost_usd"] for row in human_costs(done)}
    assert baseline.keys() == {"shade", "said"}
    whole = Decimal(before.run["totals"]["baseline_cost_usd"])
    assert sum(baseline.values()) == pytest.approx(whole * 2 / 3, rel=Decimal("0.2"))

    capped = classify(folder, flag, "--max_cost_usd=0.000001", tasks=TASKS, output="c", status=3)
    assert {row["answered_by"] for row in capped.answers()} == {"human"}
    assert len(capped.failures) == 2


CHAIN = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  night: {prompt: "Is it night?", labels: ["yes", "no"], when: shade == "dark"}
  title: {prompt: "A title for a {shade} picture.", text: {max_length: 30}}
"""


def test_what_depends_on_their_answers_is_decided_anew(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(4)
    before = classify(folder, tasks=CHAIN)
    rows, asked = by_name(before, "shade"), len(gemini.requests())
    night = by_name(before, "night")
    name = "001.jpg"
    said = [line(rows[name], other(rows[name]["answer"]))]
    flag = sheet(tmp_path / "said.csv", said)
    done = classify(folder, flag, tasks=CHAIN)
    assert by_name(done, "night").keys() == night.keys() ^ {name}
    assert 1 <= len(gemini.requests()) - asked <= 2
    changed = {row["uri"] for row in done.answers("title") if not row["reused"]}
    assert {Path(uri).name for uri in changed} == {name}
    assert done.cost > 0
    asked = len(gemini.requests())
    assert classify(folder, flag, tasks=CHAIN).cost == 0
    assert len(gemini.requests()) == asked
