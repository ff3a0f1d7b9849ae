"""A run over a manifest with labels says how right it was, and what was reclassified."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.terminal.evaluation_table import print_evaluation
from tierwise.beam_pipeline.terminal.screen import screen


def evaluation_table(output: Path) -> list[dict[str, Any]]:
    paths = output.glob("evaluation/*.parquet")
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def test_labels_and_old_labels_are_held_against_the_answers(
    classify: Callable[..., Any],
    photos: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(8)
    (folder / "broken.jpg").write_bytes(b"no picture")
    labels = ["bright", "dark", "dark", "bright", "dark", "dim", "bright", "", "dark"]
    names = [*(f"{number:03}.jpg" for number in range(8)), "broken.jpg"]
    lines = [f"{n},{label},night" for n, label in zip(names, labels, strict=True)]
    (folder / "list.csv").write_text("\n".join(["uri,shade,old_label", *lines]), "utf-8")

    done = classify(folder / "list.csv", status=None)
    given = {Path(row["uri"]).name: row["answer"] for row in done.answers("shade")}
    truths = {
        n: label for n, label in zip(names, labels, strict=True) if label in ("bright", "dark")
    }
    right = sum(given.get(name) == label for name, label in truths.items())

    found = done.run["evaluation"]["shade"]
    assert (found["images"], found["score"]) == (7, pytest.approx(right / 7))
    assert found["unknown_label"] == [{"label": "dim", "answer": "", "images": 1}]
    pairs = Counter((truths[name], given.get(name, "")) for name in truths)
    assert {(p["label"], p["answer"]): p["images"] for p in found["label"]} == pairs
    assert sum(pair["images"] for pair in found["old_label"]) == 9
    printed = capsys.readouterr().out
    assert f"shade: score {right / 7:.3f} on 7 labelled images" in printed
    assert "shade: reclassified" in printed

    table = evaluation_table(done.output)
    old = [row for row in table if row["against"] == "old_label"]
    assert sum(row["share"] for row in old) == pytest.approx(1)
    assert {row["label"] for row in old} == {"night"}
    assert all(len(row["examples"]) <= 3 for row in table)

    # A later run without labels leaves nothing of this behind.
    done = classify(folder, status=None)
    assert "evaluation" not in done.run
    assert not (done.output / "evaluation").exists()


def test_an_old_label_that_is_only_written_otherwise_is_no_reclassification(
    classify: Callable[..., Any], photos: Callable[..., Path]
) -> None:
    folder = photos(4)
    given = classify(folder).answers("shade")
    lines = [f"{row['uri']},{row['answer'].upper()} ,gone" for row in given]
    (folder / "list.csv").write_text("\n".join(["uri,old_shade,old_found", *lines]), "utf-8")
    done = classify(folder / "list.csv")
    pairs = done.run["evaluation"]["shade"]["old_label"]
    assert sum(pair["images"] for pair in pairs) == 4
    assert all(pair["label"] == pair["answer"] for pair in pairs)


def test_run_and_calibrate_hold_a_column_label_against_the_same_task(
    classify: Callable[..., Any],
    photos: Callable[..., Path],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = """
model: gemini-3.1-flash-lite
tasks:
  gate: {prompt: "Worth a look?", labels: ["yes", "no"]}
  shade: {prompt: "How light?", labels: [dark, bright]}
"""
    folder = photos(12)
    lines = [f"{number:03}.jpg,{'Dark' if number % 2 else 'bright'}" for number in range(12)]
    (folder / "list.csv").write_text("\n".join(["uri,label", *lines]), "utf-8")
    done = classify(folder / "list.csv", tasks=tasks)
    assert list(done.run["evaluation"]) == ["shade"]
    assert done.run["evaluation"]["shade"]["images"] == 12
    assert "label: held against the answers of shade" in capsys.readouterr().out
    words = [f"--input={folder}/list.csv", f"--tasks={tmp_path}/tasks.yaml", "--routes=low,medium"]
    words += [f"--output={tmp_path}/calibrated", f"--gemini_endpoint={gemini.url}"]
    assert main(["calibrate", *words]) == 0
    assert "label: held against the answers of shade" in capsys.readouterr().err
    found = json.loads((tmp_path / "calibrated/calibration.json").read_text("utf-8"))
    assert list(found["tasks"]) == ["shade"]


@pytest.mark.parametrize("several", [True, False])
def test_how_several_labels_are_written_is_said_where_they_may_be(
    several: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = [{"label": "red,blue", "answer": "", "images": 2}]
    console = screen(json_wanted=False)
    print_evaluation("hues", {"unknown_label": unknown}, console, several_labels=several)
    said = " ".join(capsys.readouterr().out.split())
    assert "hues: labels that the task does not have: red,blue (2)." in said
    assert ("Write several of them as a; b." in said) is several
