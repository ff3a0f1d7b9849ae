"""Labelled pictures that are shown before those that are asked about: sent, priced, identified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.yaml_provider import AskGemini
from tierwise.scheduling.running import close_all

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_request: 4
"""
SHOWN = f"{TASKS}    examples: shown\n"
IMAGES = 6


@pytest.fixture(scope="module")
def photos(shades: Callable[[int], Path]) -> Path:
    return shades(IMAGES)


@pytest.fixture
def shown(tmp_path: Path, page: Callable[..., bytes]) -> Path:
    """Two examples of each label, in a folder beside the tasks file."""
    folder = tmp_path / "shown"
    for number in range(4):
        label = "bright" if number % 2 == 0 else "dark"
        (folder / label).mkdir(parents=True, exist_ok=True)
        data = page(100 + number, bright=number % 2 == 0, written=False)
        (folder / label / f"{number}.jpg").write_bytes(data)
    (folder / ".DS_Store").write_bytes(b"of a desktop")
    return folder


def test_examples_come_first_and_are_paid_with_every_request(
    photos: Path, shown: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    plain = classify(photos, tasks=TASKS, output="plain")
    gemini.reset()
    done = classify(photos, "--max_cost_usd=1", tasks=SHOWN)
    assert {row["answer"] for row in done.answers()} == {"dark", "bright"}
    assert [v for _, v in sorted(done.values.items())] == [
        v for _, v in sorted(plain.values.items())
    ]
    assert done.cost == gemini.billed() > plain.cost
    requests = gemini.requests()
    assert sorted(len(one["images"]) for one in requests) == [2, 4]
    # The same pictures in the same order, before all others: those of the first label first.
    [first, *others] = [one["examples"] for one in requests]
    assert len(first) == 4
    assert others == [first]
    baseline = int(done.run["totals"]["baseline_cost_usd"].replace(".", ""))
    assert baseline > int(plain.run["totals"]["baseline_cost_usd"].replace(".", ""))
    told = done.run["forecast"]["tasks"]["shade"]
    paid = done.run["totals"]["image_tokens"]
    assert abs(told["image_tokens"] - paid) < 0.02 * paid

    # Part of what was asked: another example asks anew, and the same ones find what was paid.
    assert classify(photos, tasks=SHOWN).cost == 0
    (shown / "dark" / "3.jpg").unlink()
    before = gemini.billed()
    assert classify(photos, tasks=SHOWN).cost == gemini.billed() - before > 0


def test_they_are_paid_once_with_the_words_before_them(
    shown: Path, shades: Callable[[int], Path], classify: Callable[..., Any], gemini: Any
) -> None:
    """Four pictures of 266 tokens are enough for a cache, which a short prompt is not."""
    photos, alone = shades(30), SHOWN.replace("    images_per_request: 4\n", "")
    done = classify(photos, "--max_cost_usd=1", tasks=alone)
    assert done.cost == gemini.billed()
    [cache] = json.loads(gemini.control("GET", "/emulator/caches"))
    tokens = cache["usageMetadata"]["totalTokenCount"]
    assert 4 * 266 < tokens < 4 * 266 + 100
    cached = sum(row["cached_tokens"] for row in done.answers())
    assert cached >= 20 * tokens
    told = done.run["forecast"]
    assert float(told["cost_usd"]) == pytest.approx(gemini.billed() / 1e9, rel=0.2)
    values, billed = done.values, gemini.billed()
    gemini.reset()
    plain = classify(photos, tasks=f"{alone}    cache: off\n", output="plain")
    assert plain.values == values
    assert plain.cost == gemini.billed() > 1.5 * billed


@pytest.mark.filterwarnings("ignore::DeprecationWarning:apache_beam")
def test_tasks_written_in_beam_yaml_have_them_too(
    photos: Path, shown: Path, gemini: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shown.parent)
    asked = AskGemini(
        output=str(tmp_path / "out"),
        tasks=SHOWN,
        gemini_endpoint=gemini.url,
        error_handling={"output": "failures"},
    )
    with beam.Pipeline(options=beam_options([])) as pipeline:
        rows = pipeline | beam.Create([beam.Row(uri=str(photos / "00.jpg"))])
        _ = rows | asked
    close_all()
    [request] = gemini.requests()
    assert len(request["examples"]) == 4


def test_a_batch_has_them_in_every_row(photos: Path, shown: Path, batch_runs: Any) -> None:
    run = batch_runs.run(photos, "--service_tier=batch", tasks=SHOWN)
    assert run.statuses == (0,)
    assert not run.reasons
    run.check_money()
    assert {len(one["examples"]) for one in batch_runs.gemini.requests()} == {4}


def test_rows_of_a_batch_name_a_cache_of_them(
    shown: Path, shades: Callable[[int], Path], batch_runs: Any
) -> None:
    tasks = SHOWN.replace("    images_per_request: 4\n", "")
    flags = ("--service_tier=batch", "--batch_deadline=1h")
    run = batch_runs.run(shades(30), *flags, tasks=tasks)
    assert run.statuses == (0,)
    assert run.paid == run.gemini.billed() and not run.maybe_billed
    [cache] = json.loads(run.gemini.control("GET", "/emulator/caches"))
    cached = sum(row["cached_tokens"] for row in run.rows("answers"))
    assert cached == 30 * cache["usageMetadata"]["totalTokenCount"]
    assert {len(one["examples"]) for one in run.gemini.requests()} == {4}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("broken", "bright/0.jpg"),
        ("stray", "lies in no folder of a label"),
        ("other", "is not a label of the task"),
        ("gone", "is not there"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(
    photos: Path,
    shown: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: str,
    words: str,
) -> None:
    if spoil == "broken":
        (shown / "bright" / "0.jpg").write_bytes(b"no picture")
    elif spoil == "stray":
        (shown / "bright" / "0.jpg").rename(shown / "0.jpg")
    elif spoil == "other":
        (shown / "bright").rename(shown / "brihgt")
    else:
        shown.rename(tmp_path / "elsewhere")
    (tmp_path / "tasks.yaml").write_text(SHOWN, "utf-8")
    plan = ["plan", f"--input={photos}", f"--tasks={tmp_path}/tasks.yaml"]
    assert main([*plan, f"--output={tmp_path}/out"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert 'key "examples"' in said
    assert words in said


NAMED = SHOWN.replace("[dark, bright]", "lists/shades.csv").replace("    examples: shown\n", "")


def test_labels_may_name_their_own_pictures(
    photos: Path, shown: Path, classify: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    """As seen from the file that names them, beside those of a folder or by themselves."""
    in_folder = classify(photos, tasks=SHOWN)
    [first, *_] = [one["examples"] for one in gemini.requests()]
    gemini.reset()
    (tmp_path / "lists").mkdir()
    table = "label,examples\ndark,../shown/dark/1.jpg;../shown/dark/3.jpg\n"
    table += f"bright,../shown/bright/0.jpg;{shown}/bright/2.jpg\n"
    (tmp_path / "lists/shades.csv").write_text(table, "utf-8")
    done = classify(photos, tasks=NAMED, output="named")
    assert done.values == in_folder.values
    assert {tuple(one["examples"]) for one in gemini.requests()} == {tuple(first)}
    # The same question, so that the answers of the folder's examples are known.
    assert classify(photos, tasks=NAMED).cost == 0
    gemini.reset()
    inline = "[{label: dark, examples: [shown/dark/1.jpg]}, bright]"
    mixed = SHOWN.replace("[dark, bright]", inline)
    (shown / "dark").rename(tmp_path / "dark")
    (tmp_path / "dark/1.jpg").rename(shown / "1.jpg")
    mixed = mixed.replace("shown/dark/1.jpg", "../kept.jpg")
    (shown / "1.jpg").rename(tmp_path.parent / "kept.jpg")
    classify(photos, tasks=mixed, output="mixed")
    [first, *_] = [one["examples"] for one in gemini.requests()]
    assert len(first) == 3


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("dark,gone.jpg\nbright,\n", "shades.csv, line 2: the example 'lists/gone.jpg' of 'dark'"),
        ("dark,\nbright,spoilt.jpg\n", "shades.csv, line 3: the example 'lists/spoilt.jpg'"),
        ("a,\na > dark,\na > bright,\n", ""),
    ],
    ids=["missing", "unreadable", "none"],
)
def test_a_picture_that_a_label_names_is_refused_by_its_line(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, words: str
) -> None:
    (tmp_path / "lists").mkdir()
    heading = "path,examples\n" if " > " in rows else "label,examples\n"
    (tmp_path / "lists/shades.csv").write_text(heading + rows, "utf-8")
    (tmp_path / "lists/spoilt.jpg").write_bytes(b"no picture")
    (tmp_path / "tasks.yaml").write_text(NAMED, "utf-8")
    plan = ["plan", f"--input={photos}", f"--tasks={tmp_path}/tasks.yaml"]
    assert main([*plan, f"--output={tmp_path}/out"]) == (2 if words else 0)
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_label_that_is_no_answer_shows_no_pictures(
    photos: Path, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = "[{label: all, examples: shown/dark/1.jpg}, {label: dark, parent: all}, bright]"
    tasks = SHOWN.replace("[dark, bright]", labels).replace("    examples: shown\n", "")
    (tmp_path / "tasks.yaml").write_text(tasks, "utf-8")
    assert main(["plan", f"--input={photos}", f"--tasks={tmp_path}/tasks.yaml"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "tasks.yaml, line" in said and "so that it is no answer" in said


def test_a_calibration_tries_both_and_judges_nothing_by_an_example(
    photos: Path,
    shown: Path,
    classify: Callable[..., Any],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    labelled = tmp_path / "labelled"
    for number in range(12):
        label = "bright" if number % 2 == 0 else "dark"
        (labelled / label).mkdir(parents=True, exist_ok=True)
        data = (photos / f"{number % IMAGES:02}.jpg").read_bytes() + b" " * number
        (labelled / label / f"{number}.jpg").write_bytes(data)
    (labelled / "dark" / "again.jpg").write_bytes((shown / "dark" / "1.jpg").read_bytes())
    (tmp_path / "tasks.yaml").write_text(SHOWN.replace("images_per_request: 4", ""), "utf-8")
    words = [f"--tasks={tmp_path}/tasks.yaml", f"--gemini_endpoint={gemini.url}"]
    tried = [f"--input={labelled}", "--routes=low-plain", "--margin=0.45"]
    assert main(["calibrate", *words, *tried, f"--output={tmp_path}/tried"]) == 0
    found = json.loads((tmp_path / "tried/calibration.json").read_text("utf-8"))["tasks"]["shade"]
    routes = {one["name"]: one for one in found["choice"]["routes"] if not one["composed"]}
    assert list(routes) == ["low", "low-plain"]
    assert found["left_out"] == {"example": 1}
    dear, cheap = (float(one["figures"]["usd_per_1000_images"]) for one in routes.values())
    # Most requests with examples name a cache of them.
    assert dear > 2 * cheap
    assert found["choice"]["chosen"] == "low-plain"
    # A run by that calibration shows none, and asks nothing that was tried.
    gemini.reset()
    run = ["run", *words, f"--input={photos}", f"--output={tmp_path}/run"]
    assert main([*run, f"--calibration={tmp_path}/tried/calibration.json"]) == 0
    assert all(one["examples"] == [] for one in gemini.requests())

    # In the scores of a run an example stands apart.
    (tmp_path / "labels.csv").write_text(
        f"uri,shade\n{labelled}/dark/again.jpg,dark\n{labelled}/dark/1.jpg,dark\n", "utf-8"
    )
    capsys.readouterr()
    done = classify(tmp_path / "labels.csv", tasks=SHOWN, output="judged")
    told = done.run["evaluation"]["shade"]
    assert told["images"] == 1
    assert [one["images"] for one in told["example"]] == [1]
    assert "1 labelled image left out" in " ".join(capsys.readouterr().out.split())
