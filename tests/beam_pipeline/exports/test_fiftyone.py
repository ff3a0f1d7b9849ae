"""FiftyOne: a folder for each task, as its importer of image classifications documents it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Export = Callable[..., Path]


def test_each_task_with_labels_has_a_folder_with_every_file(
    export: Export, archive: Path, wide: list[dict[str, Any]], answers: dict[Any, dict[str, Any]]
) -> None:
    folder = export("fiftyone") / "fiftyone"
    assert {path.name for path in folder.iterdir()} == {"shade", "hues", "text", "kind"}
    files = [row for row in wide if row["page"] == 1]
    for task in ("shade", "hues", "text", "kind"):
        data = json.loads((folder / task / "data.json").read_text("utf-8"))
        found = json.loads((folder / task / "labels.json").read_text("utf-8"))
        assert found["emulated"] is True
        assert list(data) == list(found["labels"])
        for key, row in zip(data, files, strict=True):
            assert data[key] == f"{archive}/{row['uri']}"
            target, answer = found["labels"][key], answers.get((row["uri"], 1, task))
            assert found["failures"].get(key) == row[f"{task}_reason"]
            if answer is None:
                assert target is None
                continue
            labels = answer["answer"] if task == "hues" else [answer["answer"]]
            targets = target if task == "hues" else [target]
            assert [one["label"] for one in targets] == labels
            assert set(labels) <= set(found["classes"])
            assert all(one["attributes"]["emulated"] is True for one in targets)


def test_without_labels_there_is_nothing_to_write(
    export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("fiftyone", "coco"):
        export(form, "--task=said", status=2)
        assert f"--to={form}: takes tasks with labels" in capsys.readouterr().err
