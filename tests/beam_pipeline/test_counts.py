"""Labels of pictures that were drawn at random tell how many there are, corrected for mistakes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest

import tierwise
from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  said: {prompt: "What is it?", text: {max_length: 30}}
"""
COLUMNS = ["uri", "page", "content_hash", "task", "answer", "by", "drawn"]
Classify = Callable[..., Any]


def table(output: Path) -> list[dict[str, Any]]:
    paths = output.glob("counts/*.parquet")
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(lines)
    return path


def line(row: dict[str, Any], answer: str, drawn: str = "random") -> dict[str, Any]:
    known = {name: row[name] for name in ("uri", "page", "content_hash")}
    return {**known, "task": "shade", "answer": answer, "drawn": drawn}


def other(label: str) -> str:
    return {"dark": "bright", "bright": "dark"}[label]


def test_a_sheet_is_drawn_filled_in_and_counted(
    classify: Classify,
    photos: Callable[..., Path],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(40)
    (folder / "twin.jpg").write_bytes((folder / "003.jpg").read_bytes())
    done = classify(folder, tasks=TASKS)
    given = {row["content_hash"]: row["answer"] for row in done.answers("shade")}
    dark = sum(answer == "dark" for answer in given.values())
    assert "counts" not in done.run
    assert main(["review", f"--output={done.output}", "--random=30"]) == 0
    path = done.output / "review-random.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [{name: one[name] for name in COLUMNS} for one in csv.DictReader(file)]
    for one in lines[:25]:
        one["answer"] = given[one["content_hash"]]
    lines[4]["answer"] = ""
    lines[5]["answer"] = other(lines[5]["answer"])
    paid, sheet = gemini.billed(), done.output / "filled.csv"
    capsys.readouterr()
    done = classify(folder, f"--corrections={write(sheet, lines)}", tasks=TASKS)
    assert gemini.billed() == paid

    told = done.run["corrections"]
    assert (told["file"], told["random"], told["chosen"], told["empty"]) == (str(sheet), 24, 0, 6)
    assert (told["counted"], told["said"], told["applied"]) == (24, 24, 24)
    assert (told["disagreements"], told["changed"]) == (0, [])
    found = done.run["counts"]["shade"]
    assert (found["pictures"], found["labelled"], found["unclear"]) == (40, 24, 0)
    rows = {row["label"]: row for row in table(done.output)}
    assert {row["task"] for row in rows.values()} == {"shade"}
    assert rows["dark"]["answered"] == dark
    assert rows["bright"]["answered"] == 40 - dark
    assert {row["method"] for row in rows.values()} == {"corrected"}
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1)
    truth = dark / 40 + (1 if lines[5]["answer"] == "dark" else -1) / 40
    assert rows["dark"]["low"] <= truth <= rows["dark"]["high"]
    assert rows["dark"]["high"] - rows["dark"]["low"] < 0.3
    said = " ".join(capsys.readouterr().out.split())
    assert "shade: how many there are of 40, by 24 labels at random (95 %)" in said
    assert "6 lines not filled in yet" in said
    page = (done.output / "report.html").read_text("utf-8")
    assert 'id="counts"' in page
    assert "40 pictures, 24 of them labelled." in page

    # Whatever was published can be made anew, and what people said is remembered.
    assert main(["report", f"--output={done.output}"]) == 0
    assert (done.output / "report.html").read_text("utf-8") == page
    assert classify(folder, tasks=TASKS).run["counts"]["shade"] == found


def test_a_draw_that_was_not_filled_in_to_its_end_says_what_is_missing(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(20)
    done = classify(folder, tasks=TASKS)
    given = {row["content_hash"]: row["answer"] for row in done.answers("shade")}
    main(["review", f"--output={done.output}", "--random=10", "--seed=5"])
    path = done.output / "review-random.csv"
    lines = path.read_text("utf-8-sig").splitlines()
    for number in (1, 2, 3, 5, 6):  # the fourth is left out, and what follows the sixth comes later
        cells = lines[number].split(",")
        cells[4] = given[cells[2]]
        lines[number] = ",".join(cells)
    path.write_text("\n".join(lines), "utf-8")
    done = classify(folder, f"--corrections={path}", tasks=TASKS)
    assert done.run["counts"]["shade"]["labelled"] == 5
    assert done.run["counts"]["shade"]["unlabelled"] == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "shade: 1 picture among those that the draw has come to without a label" in said


def test_what_was_chosen_or_has_changed_does_not_count(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(12)
    answers = sorted(classify(folder, tasks=TASKS).answers("shade"), key=lambda row: row["uri"])
    lines = [line(row, row["answer"]) for row in answers[:6]]
    lines += [line(row, other(row["answer"]), "chosen") for row in answers[6:]]
    rows = classify(folder, tasks=TASKS).answers("said")
    said = next(row for row in rows if "005" in row["uri"])
    lines.append({**line(said, "a dog"), "task": "said"})
    first = folder / "000.jpg"
    first.write_bytes((folder / "001.jpg").read_bytes() + b"\0")
    sheet = write(folder.parent / "sheet.csv", lines)
    capsys.readouterr()
    done = classify(folder, f"--corrections={sheet}", tasks=TASKS)
    told = done.run["corrections"]
    assert (told["random"], told["chosen"], told["counted"]) == (7, 6, 5)
    assert (told["said"], told["applied"]) == (13, 12)
    assert [Path(uri).name for uri in told["changed"]] == ["000.jpg"]
    assert done.run["counts"]["shade"]["labelled"] == 5
    printed = " ".join(capsys.readouterr().out.split())
    assert "6 answers about pictures that somebody chose: final, but not counted" in printed
    assert "1 answer not applied: no picture of this run" in printed
    assert "Files whose content has changed since: " in printed

    only_chosen = write(folder.parent / "chosen.csv", lines[6:12])
    done = classify(folder, f"--corrections={only_chosen}", tasks=TASKS, output="other")
    assert "counts" not in done.run
    assert done.run["corrections"]["chosen"] == 6


def test_counts_are_told_apart_by_a_column_of_the_manifest(
    classify: Classify, photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(30)
    places = ["north", "south", ""]
    rows = ["uri,label", *(f"{n:03}.jpg,{places[n % 3]}" for n in range(30))]
    (folder / "list.csv").write_text("\n".join(rows), "utf-8")
    manifest = folder / "list.csv"
    answers = classify(manifest, tasks=TASKS).answers("shade")
    sheet = write(folder.parent / "sheet.csv", [line(row, row["answer"]) for row in answers[:24]])
    flags = (f"--corrections={sheet}", "--counts_by=label")
    done = classify(manifest, *flags, tasks=TASKS)
    found = table(done.output)
    assert next(iter(found[0])) == "manifest_label"
    assert {row["manifest_label"]: row["pictures"] for row in found} == {
        **{None: 30, "north": 10, "south": 10}
    }
    assert set(done.run["counts"]["shade"]["by"]["values"]) == {"north", "south"}
    capsys.readouterr()
    words = [f"--input={manifest}", f"--output={done.output}", "--counts_by=label"]
    assert main(["run", *words]) == 2
    assert "--counts_by=label: nothing is counted." in capsys.readouterr().err
    assert main(["run", *words[:2], "--counts_by=place"]) == 2
    assert "has no such column" in capsys.readouterr().err


def test_a_manifest_whose_rows_were_drawn_at_random_counts(
    classify: Classify, photos: Callable[..., Path]
) -> None:
    folder = photos(20)
    rows = ["uri,shade,drawn"]
    for number in range(20):
        drawn = ("random", "chosen", "")[number % 3]
        rows.append(f"{number:03}.jpg,{'gray' if number == 0 else 'dark'},{drawn}")
    (folder / "list.csv").write_text("\n".join(rows), "utf-8")
    done = classify(folder / "list.csv", tasks=TASKS)
    found = done.run["counts"]["shade"]
    assert (found["labelled"], found["unclear"]) == (6, 1)
    assert {row["label"]: row["share"] for row in found["labels"]}["dark"] == 1
    # Without the column, nobody knows how they were drawn.
    plain = [",".join(row.split(",")[:2]) for row in rows]
    (folder / "list.csv").write_text("\n".join(plain), "utf-8")
    assert "counts" not in classify(folder / "list.csv", tasks=TASKS).run


def test_a_sheet_that_cannot_be_read_is_refused_before_anything_is_asked(
    photos: Callable[..., Path],
    tmp_path: Path,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    sheet = write(tmp_path / "sheet.csv", [{"uri": "a", "page": 1, "content_hash": "h"}])
    words = [f"--input={photos(2)}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    words += [f"--gemini_endpoint={gemini.url}", f"--corrections={sheet}"]
    assert main(["run", *words]) == 2
    assert f"{sheet}: line 2: task is empty" in capsys.readouterr().err
    assert main(["run", *words[:-1], f"--corrections={tmp_path}/none.csv"]) == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err
    assert gemini.requests() == []


def test_a_pipeline_and_functions_of_ones_own_count_too(
    gemini: Any, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder, output = photos(10), tmp_path / "out"
    (folder / "twin.jpg").write_bytes((folder / "000.jpg").read_bytes())
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    flags: dict[str, Any] = {"tasks": str(tmp_path / "tasks.yaml"), "gemini_endpoint": gemini.url}
    flags["output"] = str(output)
    tierwise.run(input=str(folder), **flags)
    paths = list(output.glob("answers/task=shade/*.parquet"))
    answers = [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]
    lines = [line(row, row["answer"]) for row in answers if "twin" not in row["uri"]]
    flags["corrections"] = str(write(tmp_path / "sheet.csv", lines))
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        images = pipeline | tierwise.ReadImages(str(folder))
        _ = images | tierwise.AskGemini(**flags) | tierwise.WriteTables()
    found = table(output)
    assert [(row["labelled"], row["pictures"]) for row in found] == [(10, 10)] * 2
    tierwise.write_tables(tierwise.ask_gemini(tierwise.read_images(str(folder)), **flags))
    assert table(output) == found
