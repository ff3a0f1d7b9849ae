"""A repeated run replaces the tables and pays for nothing twice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.report.written import money

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
  plain: {prompt: "Is the picture plain?", labels: ["yes", "no"]}
"""
ALL_ROWS = {"000.jpg", "001.jpg", "002.jpg", "003.jpg", "004.jpg"}


def nano_of(usd: str) -> int:
    return int(Decimal(usd).scaleb(9))


def names(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(Path(row["uri"]).name for row in rows)


def test_nothing_is_asked_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(5)
    first = classify(folder, tasks=TASKS)
    before, paid = first.values, first.cost
    assert not any(row["reused"] for row in first.answers())
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert paid > second.cost == gemini.billed() == 0
    assert gemini.requests() == []
    assert second.values == before
    assert second.asked == sorted((n, 1, t) for n in ALL_ROWS for t in ("shade", "plain"))
    assert all(row["reused"] and row["cost_usd"] == 0 for row in second.answers())
    assert {row["outcome"] for row in second.costs} == {"reused"}
    assert second.run["tasks"]["shade"]["reused"] == 5


def test_a_part_of_the_journal_that_is_gone_is_told_and_counted(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(6)
    first = classify(folder, tasks=TASKS)
    run_id = first.run["run_id"]
    assert "journal_gaps" not in classify(folder, tasks=TASKS).run
    gone, lost = sorted(first.output.glob("journal/*/*.jsonl"))[::2], 0
    for path in gone:
        for line in map(json.loads, path.read_bytes().splitlines()):
            outcome = line.get("answer") or line.get("failure") or {"spent": line.get("wasted")}
            lost += outcome["spent"].get("cost", 0)
        path.unlink()
    assert lost > 0
    capsys.readouterr()
    second = classify(folder, "--max_cost_usd=1", tasks=TASKS)
    [gap] = second.run["journal_gaps"]
    assert (gap["run_id"], nano_of(gap["cost_usd"])) == (run_id, lost)
    assert "A part of the journal is gone" in " ".join(capsys.readouterr().out.split())
    assert nano_of(second.run["cap"]["maybe_lost_usd"]) == lost
    every = second.run["all_runs"]
    assert nano_of(every["cost_usd"]) + nano_of(every["maybe_lost_usd"]) == gemini.billed()


def test_no_answer_of_an_edited_journal_reaches_the_tables(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    """Neither from a line that its checksum betrays, nor from one of before there were any."""
    folder = photos(5)
    out = classify(folder, tasks=TASKS).output
    places = sorted(path for path in out.glob("journal/*/*.jsonl"))
    lines = [(path, line) for path in places for line in path.read_bytes().splitlines()]
    edited = 0
    for path, line in lines:
        for old, new in ((b'"value":"dark"', b'"value":"lark"'), (b'"yes"', b'"nes"')):
            if old in line:
                written = json.loads(line.replace(old, new))
                if edited % 2:
                    del written["crc"]
                    written["version"] = 1
                path.write_bytes(path.read_bytes().replace(line, json.dumps(written).encode()))
                edited += 1
    assert edited > 2
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert {row["answer"] for row in second.answers()} <= {"dark", "bright", "yes", "no"}
    assert second.asked == sorted((n, 1, t) for n in ALL_ROWS for t in ("shade", "plain"))
    assert sum(not row["reused"] for row in second.answers()) == edited
    assert second.cost == gemini.billed() > 0


def test_a_changed_prompt_asks_its_own_task_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(5)
    classify(folder, tasks=TASKS)
    gemini.reset()
    second = classify(folder, tasks=TASKS.replace("plain?", "really plain?"))
    assert {row["reused"] for row in second.answers("shade")} == {True}
    assert {row["reused"] for row in second.answers("plain")} == {False}
    assert len(gemini.requests()) == 5
    assert second.cost == gemini.billed() > 0


def test_removed_tasks_and_images_vanish(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(5)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    first = classify(folder, tasks=TASKS)
    assert names(first.failures) == ["broken.jpg", "broken.jpg"]
    (folder / "broken.jpg").unlink()
    (folder / "001.jpg").unlink()
    gemini.reset()
    second = classify(folder, tasks=TASKS.partition("  plain")[0])
    assert names(second.answers()) == sorted(ALL_ROWS - {"001.jpg"})
    assert second.failures == []
    assert {row["task"] for row in second.answers()} == {"shade"}
    assert not (second.output / "answers" / "task=plain").exists()
    assert gemini.requests() == []


def test_a_returning_task_is_remembered(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    classify(folder, tasks=TASKS)
    classify(folder, tasks=TASKS.partition("  plain")[0])
    gemini.reset()
    third = classify(folder, tasks=TASKS)
    assert len(third.answers()) == 6
    assert gemini.requests() == []


def test_another_service_tier_reuses_answers(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    classify(folder, tasks=TASKS)
    gemini.reset()
    second = classify(folder, "--service_tier=flex", tasks=TASKS)
    assert gemini.requests() == []
    assert {row["service_tier"] for row in second.answers()} == {"standard"}


def test_the_flag_sets_the_tier_of_new_requests(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    finished = classify(photos(3), "--service_tier=flex", tasks=TASKS)
    assert {line["service_tier"] for line in gemini.requests()} == {"flex"}
    assert {row["service_tier"] for row in finished.answers()} == {"flex"}
    assert finished.cost == gemini.billed()


def test_new_images_are_the_only_ones_asked(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    classify(photos(3), tasks=TASKS)
    gemini.reset()
    second = classify(photos(2, first=3), tasks=TASKS)
    assert len(second.answers()) == 10
    assert sum(len(line["images"]) for line in gemini.requests()) == 2
    assert second.cost == gemini.billed()


def test_failures_are_asked_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    gemini.faults({"kind": "daily_quota", "after": 2})
    first = classify(folder, "--requests_in_flight=1", tasks=TASKS, status=3)
    assert len(first.failures) == 6 - len(first.answers()) > 0
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert len(second.answers()) == 6
    assert second.failures == []
    assert second.cost == gemini.billed() > 0


def test_identical_files_are_paid_once(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    (folder / "twin.jpg").write_bytes((folder / "001.jpg").read_bytes())
    finished = classify(folder, tasks=TASKS)
    rows = {Path(r["uri"]).name: r for r in finished.answers("plain")}
    assert rows.keys() == {"000.jpg", "001.jpg", "002.jpg", "twin.jpg"}
    paid, free = rows["001.jpg"], rows["twin.jpg"]
    assert (paid["reused"], free["reused"]) == (False, True)
    assert (paid["cost_usd"] > 0, free["cost_usd"]) == (True, 0)
    assert (paid["content_hash"], paid["answer"]) == (free["content_hash"], free["answer"])
    assert finished.cost == gemini.billed()
    assert sum(len(line["images"]) for line in gemini.requests()) == 3


def test_a_question_about_the_name_is_asked_of_each_name(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(1)
    (folder / "twin.jpg").write_bytes((folder / "000.jpg").read_bytes())
    tasks = TASKS.replace("Is the picture plain?", "Is {filename} plain?")
    finished = classify(folder, tasks=tasks)
    assert [row["reused"] for row in finished.answers("plain")] == [False, False]
    assert sorted(row["reused"] for row in finished.answers("shade")) == [False, True]
    assert finished.cost == gemini.billed()


def test_a_file_that_changed_is_asked_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(2)
    classify(folder, tasks=TASKS)
    (folder / "000.jpg").write_bytes((photos(1, "other", first=9) / "009.jpg").read_bytes())
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert sum(len(line["images"]) for line in gemini.requests()) == 1
    assert len(second.answers()) == 4


def test_an_output_within_the_input_is_no_input(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(2)
    (folder / "out").mkdir()
    (folder / "out" / "000.jpg").write_bytes((folder / "000.jpg").read_bytes())
    words = [f"--input={folder}", f"--output={folder}/out", f"--gemini_endpoint={gemini.url}"]
    for _ in range(2):
        assert main(words) == 0
        run = json.loads((folder / "out" / "run.json").read_text("utf-8"))
        assert (run["files"], run["images"], run["skipped_files"]) == (2, 2, {})


def test_what_a_dead_run_left_is_removed(
    photos: Callable[..., Path], classify: Callable[..., Any], tmp_path: Path
) -> None:
    left = tmp_path / "out" / ".staging-20260101T000000-dead" / "answers" / "task=shade"
    left.mkdir(parents=True)
    (left / "part-0.parquet").write_bytes(b"half")
    unfinished = tmp_path / "out" / "thumbnails" / f".{'0a' * 16}.tmp"
    unfinished.parent.mkdir()
    unfinished.write_bytes(b"half")
    an_hour_ago = time.time() - 3601
    os.utime(unfinished, (an_hour_ago, an_hour_ago))
    finished = classify(photos(2), tasks=TASKS)
    assert sorted(path.name for path in finished.output.iterdir()) == [
        *("answers", "costs", "failures", "files", "journal", "report.html", "run.json"),
        *("thumbnails", "wide"),
    ]
    assert not unfinished.exists()


def test_a_newer_journal_is_no_reason_to_pay_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(3)
    first = classify(folder, tasks=TASKS)
    for shard in (first.output / "journal").iterdir():
        (shard / "zz.jsonl").write_bytes(b'{"version": 99}\n')
    gemini.reset()
    classify(folder, tasks=TASKS, status=2)
    assert gemini.requests() == []


def test_only_the_answers_that_were_cut_off_are_asked_again(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(5)
    first = classify(folder, tasks=TASKS)
    damaged = next(first.output.glob("journal/?/*.jsonl"))
    whole, _, last = damaged.read_bytes().rstrip(b"\n").rpartition(b"\n")
    damaged.write_bytes(whole + b"\n" * bool(whole) + last[:-20])
    gemini.reset()
    second = classify(folder, tasks=TASKS)
    assert second.values == first.values
    assert sum(len(line["images"]) for line in gemini.requests()) == 1
    damage = second.run["journal_damage"]
    assert (damage["objects"], damage["lost_lines"]) == (1, 1)
    assert len([path for path in Path(damage["folder"]).rglob("*") if path.is_file()]) == 1
    assert "Damaged journal objects: 1" in capsys.readouterr().out
    gemini.reset()
    assert "journal_damage" not in classify(folder, tasks=TASKS).run
    assert gemini.requests() == []


def test_a_renamed_task_keeps_what_was_paid(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(5)
    before = classify(folder, tasks=TASKS).answers("shade")
    gemini.reset()
    second = classify(folder, tasks=TASKS.replace("  shade:", "  light:"))
    assert gemini.requests() == []
    assert second.asked == sorted((n, 1, t) for n in ALL_ROWS for t in ("light", "plain"))
    answers = {row["uri"]: row["answer"] for row in before}
    assert {row["uri"]: row["answer"] for row in second.answers("light")} == answers


def test_tasks_that_ask_the_same_pay_once_and_have_rows_of_their_own(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    twin = '  twin: {prompt: "Is the picture plain?", labels: ["yes", "no"]}\n'
    run = classify(photos(5), tasks=TASKS + twin)
    assert run.asked == sorted((n, 1, t) for n in ALL_ROWS for t in ("shade", "plain", "twin"))
    assert run.cost == gemini.billed()
    paid = [row["cost_usd"] > 0 for row in [*run.answers("plain"), *run.answers("twin")]]
    assert paid.count(True) == 5


def test_a_paid_refusal_is_not_paid_again(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder, apart = photos(3), f"together: false\n{TASKS}"
    gemini.faults({"kind": "outside_labels"})
    first = classify(folder, tasks=apart)
    assert {row["reason"] for row in first.failures} == {"invalid_answer"}
    paid = gemini.billed()
    second = classify(folder, tasks=apart)
    assert len(second.failures) == len(first.failures) == 6
    assert second.cost == 0
    assert gemini.billed() == paid


def test_run_json_adds_up_what_all_runs_have_cost(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(4)
    first = classify(folder)
    assert first.run["all_runs"]["cost_usd"] == first.run["totals"]["cost_usd"]
    (folder / "000.jpg").unlink()  # what it cost counts nevertheless
    photos(2, first=10)
    gemini.faults({"kind": "outside_labels", "count": 1})
    second = classify(folder)
    assert 0 < second.cost < gemini.billed()
    every = second.run["all_runs"]
    assert int(Decimal(every["cost_usd"]).scaleb(9)) == gemini.billed()
    assert every["requests"] == len(gemini.requests())
    said = f"{money(gemini.billed())} by all runs, {money(second.cost)} by this one;"
    assert said in (second.output / "report.html").read_text("utf-8")
