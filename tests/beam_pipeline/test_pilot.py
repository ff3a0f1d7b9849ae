"""A pilot asks the first of an archive, whose answers count, and says what the rest will cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Classify, Finished, job_of_words
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.lease_keeper import begin
from tierwise.beam_pipeline.run_file import break_off, open_run

ONE = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  found:
    prompt: What is there?
    schema: {type: object, properties: {thing: {type: string}}, required: [thing]}
    when: shade == "dark"
"""
PACKED = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}
"""


def names(run: Finished) -> set[str]:
    return {name for name, _, _ in run.asked}


def asked(gemini: Any) -> int:
    return len(gemini.requests())


def dollars(nano: int) -> Decimal:
    return Decimal(nano).scaleb(-9)


def test_a_pilot_and_then_the_whole_cost_as_much_as_the_whole(
    classify: Classify,
    photos: Callable[..., Path],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(24)
    whole = classify(folder, tasks=ONE, output="whole")
    requests, billed = asked(gemini), gemini.billed()
    gemini.reset()
    pilot = classify(folder, "--first=8", tasks=ONE)
    first_names = names(pilot)
    assert len(first_names) == 8
    assert len(pilot.answers("shade")) == 8
    told, first = capsys.readouterr().out, pilot.run["first"]
    assert "Pilot: first 8 of 24 files, drawn at random by their content." in told
    assert {name: first[name] for name in ("asked_for", "contents", "files")} == {
        **dict.fromkeys(("asked_for", "contents", "files"), 8)
    }
    assert first["of_contents"] == first["of_files"] == pilot.run["files"] == 24
    assert "first 8 of 24 files" in (pilot.output / "report.html").read_text("utf-8")
    in_pilot, paid = asked(gemini), gemini.billed()
    assert pilot.cost == paid
    forecast = first["forecast"]
    assert Decimal(forecast["rests_on_usd"]) == dollars(paid)
    assert forecast["all"]["requests"] == in_pilot + forecast["remaining"]["requests"]
    assert Decimal(forecast["all"]["low_usd"]) <= dollars(billed)
    assert dollars(billed) <= Decimal(forecast["all"]["high_usd"])
    full = classify(folder, tasks=ONE)
    assert asked(gemini) == requests
    assert gemini.billed() == billed
    assert int(full.run["totals"]["requests"]) == requests - in_pilot
    assert full.values == whole.values
    assert "first" not in full.run
    reused = {row["uri"] for row in full.answers("shade") if row["reused"]}
    assert {Path(uri).name for uri in reused} == first_names


def test_a_pilot_grows_and_says_the_same_again(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    """What earlier runs paid counts as measured: it stands in the journal."""
    folder = photos(30)
    small = classify(folder, "--first=8", tasks=PACKED)
    first, few = small.run["first"], names(small)
    assert asked(gemini) == 2
    again = classify(folder, "--first=8", tasks=PACKED)
    assert asked(gemini) == 2
    assert again.run["totals"]["requests"] == 0
    assert again.run["first"] == first
    large = classify(folder, "--first=20", tasks=PACKED)
    assert few < names(large)
    assert asked(gemini) == 5
    assert large.run["first"]["forecast"]["rests_on_contents"] == 20
    assert Decimal(large.run["first"]["forecast"]["rests_on_usd"]) == dollars(gemini.billed())
    assert large.run["first"]["forecast"]["remaining"]["requests"] == 3
    everything = classify(folder, "--first=500", tasks=PACKED)
    assert len(names(everything)) == 30
    assert everything.run["first"]["forecast"]["remaining"]["contents"] == 0


def test_twins_and_pages_come_along(
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    gemini: Any,
) -> None:
    folder = photos(6)
    for number in range(6):
        data = (folder / f"{number:03}.jpg").read_bytes()
        (folder / f"copy-{number}.jpg").write_bytes(data)
    pilot = classify(folder, "--first=2", tasks=PACKED)
    assert len(names(pilot)) == 4
    assert asked(gemini) == 1
    assert "Pilot: first 2 of 6 files (4 of 12 names)" in capsys.readouterr().out
    by_content = {row["content_hash"] for row in pilot.answers()}
    assert len(by_content) == 2


def test_the_order_of_a_manifest_changes_nothing(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    files = sorted(photos(12).iterdir())
    chosen = []
    for order in (files, files[::-1], files[5:] + files[:5]):
        manifest = files[0].parent.parent / "list.csv"
        manifest.write_text("\n".join(["uri", *map(str, order)]), "utf-8")
        chosen.append(names(classify(manifest, "--first=5", tasks=PACKED)))
    assert chosen[0] == chosen[1] == chosen[2]


def test_a_capped_pilot_rests_on_what_was_asked(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = classify(photos(20), "--first=10", "--max_cost_usd=0.001", tasks=ONE, status=3)
    left = {name for (name, _), reason in run.reasons.items() if reason == "over_budget"}
    forecast = run.run["first"]["forecast"]
    assert 0 < forecast["rests_on_contents"] <= 10 - len(left)
    assert forecast["remaining"]["contents"] == 20 - forecast["rests_on_contents"]
    assert "were not asked to their end" in capsys.readouterr().out


def test_near_duplicates_are_those_of_the_whole_archive(
    classify: Classify, photos: Callable[..., Path], gemini: Any
) -> None:
    folder = photos(12)
    flags = ("--near_duplicates=4", "--near_duplicates_audit=0")
    classify(folder, "--first=4", *flags, tasks=ONE)
    before = asked(gemini)
    full = classify(folder, *flags, tasks=ONE)
    assert asked(gemini) == before + full.run["totals"]["requests"]
    alone = classify(folder, *flags, tasks=ONE, output="alone")
    assert full.run["all_runs"]["requests"] == alone.run["all_runs"]["requests"]
    assert full.values == alone.values


def begin_and_break_off(job: Job) -> None:
    lease = begin(job, workers=1, handed_over=False)
    journal = replace(job.plan.journal, number=lease.number)
    begun = replace(job, plan=replace(job.plan, journal=journal))
    open_run(begun)
    break_off(begun)
    lease.end(untraced_requests=0)


def test_tables_of_more_are_never_replaced(
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    gemini: Any,
    tmp_path: Path,
) -> None:
    folder = photos(6)
    classify(folder, "--first=4", tasks=PACKED)
    capsys.readouterr()
    classify(folder, "--first=3", tasks=PACKED, status=2)
    assert "holds the tables of the first 4 files" in capsys.readouterr().err
    words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    words.append(f"--gemini_endpoint={gemini.url}")
    interrupted = job_of_words(["run", *words])
    for _ in range(2):
        begin_and_break_off(interrupted)
    classify(folder, "--first=3", tasks=PACKED, status=2)
    assert "holds the tables of the first 4 files" in capsys.readouterr().err
    classify(folder, "--first=4", tasks=PACKED)
    full = classify(folder, tasks=PACKED)
    capsys.readouterr()
    classify(folder, "--first=5", tasks=PACKED, status=2)
    assert "holds the tables of a whole run" in capsys.readouterr().err
    assert len(names(full)) == 6
    begin_and_break_off(interrupted)
    classify(folder, "--first=5", tasks=PACKED, status=2)


def test_what_cannot_be_a_pilot_is_refused_in_words(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(2)
    for word in ("0", "-3", "100001"):
        classify(folder, f"--first={word}", status=2)
        assert "must be at least 1 and at most 100000" in capsys.readouterr().err
    groups = PACKED + '  story: {prompt: "What?", text: {max_length: 40}, per: folder}\n'
    classify(folder, "--first=1", tasks=groups, status=2)
    told = capsys.readouterr().err
    assert 'task "story", key "per": with --first=1 the groups would lack' in told
    assert not (folder.parent / "out").exists()


def test_plan_forecasts_the_pilot_alone(
    classify: Classify,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = photos(20)
    (tmp_path / "tasks.yaml").write_text(PACKED, "utf-8")
    words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]

    def planned(*flags: str) -> dict[str, Any]:
        capsys.readouterr()
        assert main(["plan", *words, *flags, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    row = planned("--first=8")
    assert (row["files"], row["of_files"], row["requests"]) == (8, 20, 2)
    assert main(["plan", *words, "--first=8"]) == 0
    assert "the first 8 of 20 files" in capsys.readouterr().out
    classify(folder, "--first=8", tasks=PACKED)
    assert planned("--first=8")["requests"] == 0
    assert planned("--first=12")["requests"] == 1
    assert planned()["requests"] == 3


def test_a_pilot_of_a_bucket(
    bucket: Any, draw: Callable[..., bytes], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(12):
        bucket.put(f"gs://archive/{number}.jpg", draw(number))
    words = ["--input=gs://archive/", f"--gemini_endpoint={gemini.url}"]
    words += ["--output=gs://results/out", "--json"]
    assert main(["run", *words, "--first=5"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["first"]["of_contents"] == 12
    assert run["images"] == run["first"]["contents"] == 5
