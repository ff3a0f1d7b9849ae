"""JSON Lines: typed answers, failures with their reasons, every picture once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

Export = Callable[..., Path]


def test_every_picture_says_what_the_tables_say(
    export: Export, wide: list[dict[str, Any]], answers: dict[Any, dict[str, Any]]
) -> None:
    lines = (export("jsonl") / "pictures.jsonl").read_text("utf-8").split("\n")[:-1]
    found = [json.loads(line) for line in lines]
    keys = [(one["uri"], one["page"]) for one in found]
    assert keys == [(row["uri"], row["page"]) for row in wide]
    for one, told in zip(found, wide, strict=True):
        assert list(one["answers"]) == ["shade", "hues", "text", "kind", "said", "found", "never"]
        for task, said in one["answers"].items():
            row = answers.get((one["uri"], one["page"], task))
            assert (said is None) == (row is None)
            if said and row:
                assert said["answer"] == row["answer"]
                same = ("label_id", "label_path", "model_version", "answered_by", "service")
                assert {name: said[name] for name in same} == {name: row[name] for name in same}
                assert (one["width"], one["height"]) == (row["width"], row["height"])
            missing = one["failures"][task]
            assert (missing and missing["reason"]) == told[f"{task}_reason"]
        assert one["manifest"] == {"note": told["note"], "truth_shade": told["truth_shade"]}
        assert one["emulated"] is True
    broken = next(one for one in found if one["uri"].endswith("broken.jpg"))
    assert broken["failures"]["shade"]["message"]


def test_duckdb_reads_types(export: Export) -> None:
    path = export("jsonl") / "pictures.jsonl"
    query = "select count(*), count(answers.found.answer.thing), count(failures.shade.reason)"
    found = duckdb.sql(f"{query} from read_json('{path}')")
    assert found is not None
    assert found.fetchall() == [(10, 9, 1)]
