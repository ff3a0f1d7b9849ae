"""Label Studio's tasks and labeling configuration, by the schema that it documents."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests.beam_pipeline.exports.conftest import NOT_UTF_8
from tierwise.publishing import export_files

Export = Callable[..., Path]


def tasks_of(folder: Path) -> list[dict[str, Any]]:
    paths = sorted(folder.glob("tasks-*.json"), key=lambda path: int(path.stem.split("-")[1]))
    return [task for path in paths for task in json.loads(path.read_text("utf-8"))]


def test_predictions_say_what_was_answered_and_fit_the_configuration(
    export: Export, wide: list[dict[str, Any]], answers: dict[Any, dict[str, Any]]
) -> None:
    folder = export("label-studio") / "label-studio"
    config = ElementTree.parse(folder / "labeling.xml").getroot()
    controls = {one.get("name"): one for one in config if one.get("toName") == "image"}
    tasks = tasks_of(folder)
    keys = [(task["data"]["uri"], task["data"]["page"]) for task in tasks]
    assert keys == [(row["uri"], row["page"]) for row in wide]
    for task, told in zip(tasks, wide, strict=True):
        uri, page = task["data"]["uri"], task["data"]["page"]
        rows = {name: row for (at, n, name), row in answers.items() if (at, n) == (uri, page)}
        assert task["data"]["emulated"] is True
        assert task["data"]["content_hash"] == told["content_hash"]
        results = [one for made in task["predictions"] for one in made["result"]]
        assert {one["from_name"] for one in results} == rows.keys()
        assert {made["model_version"] for made in task["predictions"]} <= {
            "EMULATED gemini-3.1-flash-lite"
        }
        for one in results:
            control, answer = controls[one["from_name"]], rows[one["from_name"]]["answer"]
            assert (one["to_name"], one["type"]) == ("image", control.tag.lower())
            if control.tag == "Choices":
                known = {choice.get("value") for choice in control}
                assert set(one["value"]["choices"]) <= known
                assert one["value"]["choices"] == (answer if isinstance(answer, list) else [answer])
            else:
                [text] = one["value"]["text"]
                assert (text if isinstance(answer, str) else json.loads(text)) == answer
    broken = next(task for task in tasks if task["data"]["uri"] == "broken.jpg")
    assert broken["predictions"] == []
    assert broken["data"]["failures"]["shade"] == "unreadable"


def test_pictures_are_fetched_from_the_disk_of_the_server(export: Export, archive: Path) -> None:
    folder = export("label-studio", f"--label_studio_root={archive.parent}") / "label-studio"
    found = set()
    for task in tasks_of(folder):
        address = urlsplit(task["data"]["image"])
        assert address.path == "/data/local-files/"
        [path] = parse_qs(address.query, errors="surrogateescape")["d"]
        assert (archive.parent / path).is_file()
        found.add(path.removeprefix(f"{archive.name}/"))
    assert os.fsdecode(b"caf\xe9.jpg") == NOT_UTF_8
    assert {NOT_UTF_8, "@sum/+1.jpg", "two\n=1;=2.jpg"} < found


def test_pictures_that_the_server_could_not_show_are_refused(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export("label-studio", f"--label_studio_root={tmp_path}", status=2)
    assert "does not lie below it" in capsys.readouterr().err


def test_many_tasks_are_several_files_and_no_file_of_a_larger_export_stays(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "TASKS_PER_FILE", 3)
    folder = export("label-studio") / "label-studio"
    assert len(list(folder.glob("tasks-*.json"))) == 4
    assert len(tasks_of(folder)) == 10
    monkeypatch.setattr(export_files, "TASKS_PER_FILE", 7)
    export("label-studio")
    assert len(list(folder.glob("tasks-*.json"))) == 2
    assert len(tasks_of(folder)) == 10
