"""What people say is the final answer: nobody is asked, nothing is paid, and the account agrees."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

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


def label_studio(path: Path, said: list[tuple[dict[str, Any], str, Any]]) -> str:
    """An export of Label Studio 1.x: who said what of which picture."""
    tasks: dict[str, dict[str, Any]] = {}
    for number, (row, by, value) in enumerate(said):
        data = {name: row[name] for name in ("uri", "page", "content_hash")}
        task = tasks.setdefault(row["content_hash"], {"id": number, "data": data})
        kind = "choices" if row["task"] == "shade" else "text"
        result = {"from_name": row["task"], "type": kind, "value": {kind: [value]}}
        more = {"completed_by": {"email": by}, "updated_at": f"2026-01-01T00:00:{number:02}Z"}
        task.setdefault("annotations", []).append({"result": [result], **more})
    path.write_text(json.dumps(list(tasks.values())), "utf-8")
    return f"--corrections={path}"


def test_an_export_of_label_studio_comes_home_and_people_who_disagree_are_listed(
    classify: Classify,
    photos: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(3)
    before = classify(folder, tasks=TASKS)
    assert main(["export", f"--output={before.output}", "--to=label-studio"]) == 0
    exported = next((before.output / "export").rglob("*tasks*.json"))
    data = {Path(one["data"]["uri"]).name: one["data"] for one in json.loads(exported.read_text())}
    shade, text = by_name(before, "shade"), by_name(before, "said")
    assert data["000.jpg"]["content_hash"] == shade["000.jpg"]["content_hash"]
    said = [
        (shade["000.jpg"], "ann@x.org", shade["000.jpg"]["answer"]),
        (shade["000.jpg"], "ann@x.org", other(shade["000.jpg"]["answer"])),
        (shade["001.jpg"], "ann@x.org", "dark"),
        (shade["001.jpg"], "bob@x.org", "bright"),
        (text["002.jpg"], "bob@x.org", "a boat; red"),
    ]
    done = classify(folder, label_studio(tmp_path / "project.json", said), tasks=TASKS)
    now = by_name(done, "shade")
    assert now["000.jpg"]["answer"] == other(shade["000.jpg"]["answer"])
    assert [now[name]["answered_by"] for name in sorted(now)] == ["human", "gemini", "gemini"]
    assert by_name(done, "said")["002.jpg"]["answer"] == "a boat; red"
    [one] = done.run["corrections"]["disagree"]
    assert Path(one["uri"]).name == "001.jpg"
    assert {word["by"]: word["answer"] for word in one["said"]} == {
        "ann@x.org": "dark",
        "bob@x.org": "bright",
    }
    printed = " ".join(capsys.readouterr().out.split())
    assert "People disagree on 1 answer, which are left to Gemini" in printed

    # Who disagrees later takes the answer back; what no label fits is not an answer.
    later = [
        line(now["000.jpg"], answer, by=by) for by, answer in (("Ann", "dark"), ("Bo", "none"))
    ]
    later.append(line(now["002.jpg"], "none", drawn="random"))
    done = classify(folder, sheet(tmp_path / "later.csv", later), tasks=TASKS)
    assert {row["answered_by"] for row in done.answers("shade")} == {"gemini"}
    assert by_name(done, "said")["002.jpg"]["answered_by"] == "human"
    assert done.run["corrections"]["no_answer"] == 1
    assert done.run["counts"]["shade"]["labelled"] == 1

    # Forgotten with the picture.
    path = next((done.output / "journal" / "people").iterdir())
    content = now["002.jpg"]["content_hash"]
    assert content in path.read_text("utf-8")
    assert main(["forget", f"--output={done.output}", f"--content={content}"]) == 0
    assert content not in path.read_text("utf-8")


ESCALATED = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light?
    labels: [dark, bright]
    escalate: {when: shade == "dark", media_resolution: high}
"""


def test_what_gemini_said_is_what_is_judged_audited_and_counted(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(8)
    (folder / "list.csv").write_text(
        "uri,shade\n" + "".join(f"{number:03}.jpg,dark\n" for number in range(8)), "utf-8"
    )
    flags = ("--audit_rate=1",)
    before = classify(folder / "list.csv", *flags, tasks=ESCALATED)
    asked, run = len(gemini.requests()), before.run
    given = [row["answer"] for row in before.answers("shade")]
    said = [line(row, other(row["answer"]), drawn="random") for row in before.answers("shade")]
    flag = sheet(tmp_path / "said.csv", said)
    done = classify(folder / "list.csv", flag, *flags, tasks=ESCALATED)
    assert len(gemini.requests()) == asked
    assert done.run["evaluation"] == run["evaluation"]
    assert done.run["audit"] == run["audit"]
    found = {row["label"]: row for row in done.run["counts"]["shade"]["labels"]}
    assert {label: row["answered"] for label, row in found.items()} == {
        label: given.count(label) for label in ("dark", "bright")
    }
    assert found["dark"]["share"] == given.count("bright") / 8
    assert done.run["counts"]["shade"]["unpaired"] == 0

    # Asked in another way, nobody knows what Gemini would say: labels speak alone, nothing is paid.
    other_way = ESCALATED.replace("How light?", "Is it light?")
    done = classify(folder / "list.csv", *flags, tasks=other_way)
    assert len(gemini.requests()) == asked
    assert done.run["counts"]["shade"]["unpaired"] == 8
    assert {row["method"] for row in done.run["counts"]["shade"]["labels"]} == {"labelled"}
    assert done.run["audit"]["shade"]["images"] == 0
    assert done.run["evaluation"].get("shade", {}).get("accuracy", {}).get("images", 0) == 0


def test_near_duplicates_keep_their_own_answers(
    classify: Classify, photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(2)
    with Image.open(folder / "000.jpg") as picture:
        picture.save(folder / "copy.png")
    tasks, flags = TASKS.partition("  said:")[0], ("--near_duplicates=4",)
    before = classify(folder, *flags, tasks=tasks)
    assert sum(bool(row["shared_with"]) for row in before.answers()) == 1
    rows = by_name(before, "shade")
    leader = next(
        row
        for row in rows.values()
        if row["content_hash"] in {one["shared_with"] for one in rows.values()}
    )
    asked = len(gemini.requests())
    flag = sheet(tmp_path / "said.csv", [line(leader, other(leader["answer"]))])
    done = classify(folder, flag, *flags, tasks=tasks)
    follower = next(row for row in rows.values() if row["shared_with"])
    now = {row["uri"]: row for row in done.answers()}
    assert now[leader["uri"]]["answered_by"] == "human"
    assert now[follower["uri"]]["answered_by"] == "gemini"
    assert now[follower["uri"]]["shared_with"] is None
    assert len(gemini.requests()) == asked + 1


def test_names_that_steer_a_terminal_are_harmless_in_page_and_sheets(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    folder = photos(1)
    (folder / "000.jpg").rename(folder / "a\x1b[2Jb.jpg")
    done = classify(folder, tasks=TASKS)
    assert main(["review", f"--output={done.output}", "--random=1"]) == 0
    assert main(["export", f"--output={done.output}", "--to=csv,jsonl"]) == 0
    written = [done.output / "report.html", *done.output.rglob("*.csv")]
    assert len(written) == 3
    for path in written:
        text = path.read_bytes()
        assert b"\x1b" not in text, path
        assert b"a\\x1b[2Jb.jpg" in text, path
