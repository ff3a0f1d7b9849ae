"""The table with a row per picture, for programs that know neither hive folders nor structs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tierwise.accounts.wide_table import wide_table

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  hues: {prompt: "Which colours?", labels: [red, green, blue], multiple: true}
  found:
    prompt: What is there?
    schema: {type: object, properties: {thing: {type: string}, sure: {type: boolean}}}
  never: {when: shade != shade, prompt: Name it., text: {max_length: 20}}
"""
GROUPS = f"{TASKS}  whole: {{prompt: What is it, labels: [a, b], per: folder, max_per_group: 9}}\n"


def wide_of(output: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(output / "wide").to_pylist()
    return sorted(rows, key=lambda row: (row["uri"], row["page"]))


@pytest.mark.parametrize("tasks", [TASKS, GROUPS], ids=["images", "groups"])
def test_wide_says_what_answers_and_failures_say(
    tasks: str, classify: Callable[..., Any], photos: Callable[..., Path]
) -> None:
    folder = photos(3)
    (folder / "twin.jpg").write_bytes((folder / "000.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    names = sorted(path.name for path in folder.iterdir())
    lines = [f"{name},bright,{number},x" for number, name in enumerate(names)]
    (folder / "list.csv").write_text("\n".join(["uri,Shade,sku,page", *lines]), "utf-8")
    done = classify(folder / "list.csv", tasks=tasks, status=None)
    rows = wide_of(done.output)
    assert [row["uri"] for row in rows] == names
    answers = {(row["uri"], row["task"]): row["answer"] for row in done.answers()}
    asked = ["shade", "hues", "found", *["whole"] * (tasks == GROUPS)]
    for row in rows:
        found = {task: row[task] for task in asked}
        found["found"] = row["found"] and json.loads(row["found"])
        assert found == {task: answers.get((row["uri"], task)) for task in asked}
        reasons = {(r["uri"], r["task"]): r["reason"] for r in done.failures}
        for task in asked:
            assert row[f"{task}_reason"] == reasons.get((row["uri"], task))
        assert (row["never"], row["never_reason"]) == (None, None)
        assert (row["truth_shade"], row["manifest_page"], row["page"]) == ("bright", "x", 1)
    assert [row["sku"] for row in rows] == [str(number) for number in range(len(names))]
    assert rows[names.index("broken.jpg")]["shade_reason"] == "unreadable"


def test_a_later_run_replaces_it_and_lists_it(
    classify: Callable[..., Any], photos: Callable[..., Path]
) -> None:
    folder = photos(2)
    classify(folder, tasks=TASKS)
    (folder / "001.jpg").unlink()
    done = classify(folder, tasks=TASKS)
    assert len(wide_of(done.output)) == 1
    files = [table["file"] for table in done.run["tables"]]
    assert [file for file in files if file.startswith("wide/")]
    assert done.run["images"] == 1


def test_pages_are_rows_and_an_audit_has_no_column(
    classify: Callable[..., Any], tmp_path: Path
) -> None:
    first, *rest = (Image.new("RGB", (300, 200), (shade, 90, 40)) for shade in (10, 120, 250))
    (tmp_path / "in").mkdir()
    first.save(tmp_path / "in/three.tif", save_all=True, append_images=rest)
    done = classify(tmp_path / "in", "--audit_rate=1", tasks=TASKS)
    rows = wide_of(done.output)
    asked = {(row["uri"], row["page"]) for row in done.answers("shade")}
    assert [(row["uri"], row["page"]) for row in rows] == sorted(asked)
    assert len(rows) == 3
    assert not [name for name in rows[0] if "audit" in name]


def test_pandas_reads_the_folder(classify: Callable[..., Any], photos: Callable[..., Path]) -> None:
    pandas = pytest.importorskip("pandas")
    done = classify(photos(3), tasks=TASKS)
    frame = pandas.read_parquet(done.output / "wide")
    assert list(frame["shade"]) == [
        row["shade"] for row in pq.read_table(done.output / "wide").to_pylist()
    ]


def test_every_column_has_a_name_of_its_own() -> None:
    text, struct = {"type": "string"}, {"type": "object", "properties": {"x": {"type": "string"}}}
    columns = ["kind", "truth_kind", "PAGE", "manifest_page", "kind_reason", "other"]
    table = wide_table(
        {"kind": text, "kind_reason": struct, "uri": text}, dict.fromkeys(columns, "string")
    )
    schema = table.schema()
    names = [name.lower() for name in schema.names]
    assert len(set(names)) == len(names)
    assert table.names["kind"] == "truth_kind"
    assert table.names["truth_kind"] == "manifest_truth_kind"
    assert table.names["PAGE"] == "manifest_PAGE"
    assert table.names["other"] == "other"
    assert table.answers == {"kind": "kind", "kind_reason": "kind_reason", "uri": "answer_uri"}
    assert schema.field("kind_reason").type == pa.string()
