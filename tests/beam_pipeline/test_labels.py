"""`--labels`: columns of a second table do all that a manifest's own do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.manifests import look

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  title: {prompt: "For {customer}, a title, please.", text: {max_length: 90}}
"""
ROWS: list[dict[str, Any]] = [
    {"uri": "000.jpg", "customer": "a", "shade": "dark", "old_shade": "bright", "votes": 2},
    {"uri": "001.jpg", "customer": "b", "shade": "bright", "old_shade": None, "votes": 3},
    {"uri": "gone.jpg", "customer": "z", "shade": "dark", "old_shade": "dark", "votes": 9},
]


def written(folder: Path, form: str) -> Path:
    path = folder / f"labels.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif form == "jsonl.gz":
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
    else:
        cells = (["" if cell is None else str(cell) for cell in row.values()] for row in ROWS)
        lines = list(map(",".join, cells))
        path.write_text("\n".join([",".join(ROWS[0]), *lines]))
    return path


@pytest.mark.parametrize("form", ["csv", "jsonl.gz", "parquet"])
def test_what_labels_say_goes_everywhere(
    form: str,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    tmp_path: Path,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, labels = photos(3), written(tmp_path, form)
    flags = (f"--labels={labels}", "--cost_by=customer", "--order_by=votes")
    done = classify(folder, *flags, tasks=f"together: false\n{TASKS}")
    rows = {Path(row["uri"]).name: row for row in done.answers("shade")}
    assert [rows[f"00{n}.jpg"]["customer"] for n in range(3)] == ["a", "b", None]
    assert len({line["prompt_sha256"] for line in gemini.requests()}) == 1 + 3
    wide = {Path(row["uri"]).name: row for row in pq.read_table(done.output / "wide").to_pylist()}
    assert wide["000.jpg"]["truth_shade"] == "dark"
    assert wide["001.jpg"]["votes"] == ("3" if form == "csv" else 3)
    assert done.run["evaluation"]["shade"]["images"] == 2
    assert sum(pair["images"] for pair in done.run["evaluation"]["shade"]["old_label"]) == 1
    assert {row["customer"] for row in done.costs} == {"a", "b", None}
    counts = ("unmatched_labels", "unlabelled_files", "repeated_labels", "conflicting_labels")
    assert [done.run[name] for name in counts] == [1, 1, 0, 0]
    said = capsys.readouterr().out
    assert "rows of --labels that are about no image of the input: 1." in said
    assert done.cost == gemini.billed()


def test_labels_join_a_manifest(
    photos: Callable[..., Path], classify: Callable[..., Any], tmp_path: Path
) -> None:
    manifest = photos(2) / "list.jsonl"
    manifest.write_text('{"uri": "000.jpg", "stock": 7}\n{"uri": "001.jpg"}\n')
    labels = written(tmp_path, "csv")
    done = classify(manifest, f"--labels={labels}", tasks=TASKS)
    rows = [(row["uri"], row["stock"], row["customer"]) for row in done.answers("title")]
    assert sorted(rows) == [("000.jpg", 7, "a"), ("001.jpg", None, "b")]


def test_a_forecast_warns_of_labels_that_may_be_about_others(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = photos(1, folder="elsewhere", first=7)
    (tmp_path / "labels.csv").write_text(f"uri,old\n{elsewhere}/007.jpg,cat\n")
    words = ["plan", f"--input={photos(2)}", f"--labels={tmp_path}/labels.csv"]
    assert main(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"warning: --labels={tmp_path}/labels.csv: none of 1 row is about an image" in said


def test_a_forecast_takes_rows_at_random_where_the_table_is_large(
    photos: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(look, "_MOST_ROWS", 1_000)
    folder, labels = photos(3), tmp_path / "labels.csv"
    long = "a" * 400
    rows = [f"photos/{n % 3:03}.jpg,{long}\n" for n in range(2_000)]
    labels.write_text("uri,customer\n" + "".join(rows))
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(TASKS)
    tokens = []
    for more in ([], ["--labels", str(labels)]):
        tasks.write_text(TASKS if more else TASKS.replace("{customer}", "nobody"))
        words = ["plan", f"--input={folder}", f"--tasks={tasks}", "--json=true"]
        assert main([*words, *(["=".join(more)] if more else [])]) == 0
        tokens.append(json.loads(capsys.readouterr().out)["input_tokens"])
    assert tokens[1] > tokens[0] + 3 * 50
