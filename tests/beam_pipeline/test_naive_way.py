"""What one would pay without tierwise, worked out once more from the tables of whole runs."""

from __future__ import annotations

import math
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.accounts.naive_way import NAIVE_WAY
from tierwise.report.written import money

# Three first questions, two of them to one model, one more where an answer leads to it.
TASKS = """
model: gemini-3.1-flash-lite
together: false
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  plain: {prompt: "Is the picture plain?", labels: ["yes", "no"], media_resolution: medium}
  other: {prompt: "What is it?", labels: [a, b, c], model: gemini-3.5-flash-lite}
  title: {when: shade == "dark", prompt: "What is shown?", text: {max_length: 40}}
"""
FIRST = {"shade", "plain", "other"}
# Nano-dollars per token of input and output, as Google's page has them.
PRICES = {"gemini-3.1-flash-lite": (250, 1500), "gemini-3.5-flash-lite": (300, 2500)}


@pytest.fixture
def archive(photos: Callable[..., Path]) -> Path:
    """Five pictures, one of them under two names, and a file that is none."""
    folder = photos(5)
    shutil.copy(folder / "000.jpg", folder / "twin.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return folder


def recomputed(run: Any) -> int:
    """Nano-dollars: for each name and model one request at high, each later question its own."""
    words: dict[tuple[str, str], tuple[int, int]] = {}
    for row in run.answers():
        if not row["reused"]:
            text = row["input_tokens"] - row["image_tokens"]
            reply = row["output_tokens"] + row["thought_tokens"]
            words[row["task"], row["content_hash"]] = text, reply
    looks = defaultdict[tuple[str, ...], list[Any]](list)
    for row in run.answers():
        if (row["task"], row["content_hash"]) in words and not row["task"].endswith("@audit"):
            first = row["task"] in FIRST
            looks[row["uri"], row["model"], "" if first else row["task"]].append(row)
    total = 0
    for (_, model, _), rows in looks.items():
        taken, given = PRICES[model]
        width, height = rows[0]["width"], rows[0]["height"]
        picture = math.isqrt(1120 * width // height) * math.isqrt(1120 * height // width)
        said = [words[row["task"], row["content_hash"]] for row in rows]
        total += (picture + sum(text for text, _ in said)) * taken
        total += sum(reply for _, reply in said) * given
    return total


def baseline(run: Any, where: str = "totals") -> int:
    totals = run.run[where]
    cost, naive, saved = (
        int(Decimal(totals[name]).scaleb(9))
        for name in ("cost_usd", "baseline_cost_usd", "saved_usd")
    )
    assert naive - cost == saved
    return naive


def test_the_tables_say_what_each_picture_would_have_cost(
    archive: Path, classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(archive, "--audit_rate=1", tasks=TASKS)
    assert {row["task"] for row in run.answers()} > {"shade", "title", "shade@audit"}
    assert baseline(run) == recomputed(run) > 0
    of_rows = defaultdict[str, Decimal](Decimal)
    for row in run.costs:
        assert row["saved_usd"] == row["baseline_cost_usd"] - row["cost_usd"]
        of_rows[row["task"].partition("@")[2] or row["outcome"]] += row["baseline_cost_usd"]
    assert of_rows["audit"] == 0
    assert of_rows["unreadable"] == 0
    assert of_rows["reused"] > 0  # the twin
    assert NAIVE_WAY in " ".join(capsys.readouterr().out.split())
    assert NAIVE_WAY in (run.output / "report.html").read_text("utf-8")


def test_a_twin_adds_what_the_naive_way_would_pay_for_it_and_nothing_in_a_later_run(
    photos: Callable[..., Path], classify: Callable[..., Any]
) -> None:
    folder = photos(3)
    alone = classify(folder, tasks=TASKS, output="alone")
    for number in range(3):
        shutil.copy(folder / f"{number:03}.jpg", folder / f"twin-{number}.jpg")
    both = classify(folder, tasks=TASKS, output="both")
    assert baseline(both) == 2 * baseline(alone) == recomputed(both)
    assert both.cost == alone.cost
    later = classify(folder, tasks=TASKS, output="alone")
    assert (later.cost, baseline(later), len(later.answers("shade"))) == (0, 0, 6)
    assert baseline(later, "all_runs") == baseline(both)


def test_answers_of_earlier_runs_are_no_saving_of_this_one(
    archive: Path, classify: Callable[..., Any]
) -> None:
    first = classify(archive, tasks=TASKS)
    before = baseline(first)
    assert before == baseline(first, "all_runs")
    again = classify(archive, tasks=TASKS)
    assert (again.cost, baseline(again)) == (0, 0)
    assert {row["baseline_cost_usd"] for row in again.costs} == {0}
    assert baseline(again, "all_runs") == before
    shown = (again.output / "report.html").read_text("utf-8")
    said = f"by all runs, $0 by this one; the naive way {money(before)};"
    assert said in shown


def test_runs_that_broke_off_share_what_one_run_has(
    archive: Path, classify: Callable[..., Any]
) -> None:
    whole = classify(archive, tasks=TASKS, output="whole")
    parts, status = [], 3
    for cap in ("0.001", "0.002", "1"):
        run = classify(archive, f"--max_cost_usd={cap}", tasks=TASKS, status=None)
        status = run.status
        parts.append(baseline(run))
    assert status == 0
    assert sum(part > 0 for part in parts) > 1
    # A name whose content an earlier run asked about is that run's.
    twin = sum(parts) - baseline(whole)
    assert -baseline(whole) // 5 < twin <= 0
    assert baseline(run, "all_runs") == baseline(whole)


def test_whether_asked_together_or_apart_the_naive_way_is_the_same(
    archive: Path, classify: Callable[..., Any]
) -> None:
    """But for words, which are told from those of a joint request by our own count of tokens."""
    same = TASKS.replace(", media_resolution: medium", "")
    apart = classify(archive, tasks=same, output="apart")
    together = classify(archive, tasks=same.replace("together: false\n", ""), output="together")
    assert {tuple(row["asked_with"]) for row in together.answers("shade")} == {("plain",)}
    assert baseline(together) == pytest.approx(baseline(apart), rel=0.05)
    assert steps(apart)["Asked together"] > 0 == steps(together)["Asked together"]


def test_doubtful_answers_count_once_and_a_refusal_that_came_counts(
    archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": "blocked_answer", "count": 1})
    tasks = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    escalate: {when: shade == "dark", media_resolution: medium}
"""
    run = classify(archive, tasks=tasks)
    [refused] = [row for row in run.costs if row["outcome"] == "blocked_answer"]
    assert refused["baseline_cost_usd"] > refused["cost_usd"]
    for row in run.costs:
        if row["outcome"] in ("escalated", "repeated", "unreadable"):
            assert row["baseline_cost_usd"] == 0
    names = sum(row["images"] for row in run.costs if row["outcome"] in ("answered", "reused"))
    high = 1064 * 250 * (names + refused["images"])
    assert high < baseline(run) < high * 1.2


def test_a_tree_in_two_questions_is_one_look_with_the_words_of_both(
    archive: Path, classify: Callable[..., Any]
) -> None:
    tasks = """
model: gemini-3.1-flash-lite
together: false
tasks:
  plain: {prompt: "Is the picture plain?", labels: ["yes", "no"]}
  shade:
    prompt: How light is it?
    labels:
      - night
      - day
      - {label: black, parent: night}
      - {label: dark, parent: night}
      - {label: grey, parent: day}
      - {label: bright, parent: day}
    top_down: true
"""
    run = classify(archive, tasks=tasks)
    assert baseline(run) == recomputed(run)
    assert not any(row["escalated"] for row in run.answers("shade"))
    [first] = [row for row in run.costs if row["outcome"] == "first_question"]
    assert (first["images"], first["requests"], first["baseline_cost_usd"] > 0) == (0, 5, True)
    counts = run.run["tasks"]["shade"]
    assert (counts["escalated"], counts["second_questions"], counts["asked"]) == (0, 6, 7)
    *way_down, paid = steps(run).values()
    assert sum(way_down) == paid
    assert steps(run)["Second looks"] > 0, "the naive way looks once"


def steps(run: Any) -> dict[str, Decimal]:
    """The waterfall of the page, in dollars."""
    shown = (run.output / "report.html").read_text("utf-8")
    rows = re.findall(
        r'<th scope="row">([\w ]+)<span class="what">.*?<span class="n" title="([^"]+)">', shown
    )
    return {name: Decimal(exact.replace("$", "").replace("\u2212", "-")) for name, exact in rows}
