"""FiftyOne: a dataset folder for each task with labels (`FiftyOneImageClassificationDataset`).

FiftyOne shows files, so that of a file with several pages the first one alone is exported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from tierwise.answers.labels import OneLabel
from tierwise.exports.json_pieces import json_object
from tierwise.exports.picture import ExportedRun, Picture, Said
from tierwise.report.task_facts import AskedTask


def _numbered(pictures: Iterable[Picture]) -> Iterator[tuple[str, Picture]]:
    """First pages with their ids, the same in both files of every task."""
    first = (picture for picture in pictures if picture.page == 1)
    for number, picture in enumerate(first, start=1):
        yield f"picture-{number}", picture


def fiftyone_data(
    pictures: Iterable[Picture], path_of: Callable[[Picture], str]
) -> Iterator[bytes]:
    """`data.json`: where the files lie; `path_of` tells of one."""
    yield from json_object((name, path_of(picture)) for name, picture in _numbered(pictures))


def fiftyone_labels(
    run: ExportedRun, task: AskedTask, pictures: Iterable[Picture]
) -> Iterator[bytes]:
    """`labels.json`: one classification, or a list of them; null where there is no answer."""
    head = {
        "tierwise_run": run.run_id,
        "emulated": run.emulated,
        "answered_by": run.told_models,
        "classes": list(task.labels),
    }
    yield orjson.dumps(head)[:-1] + b',\n"labels":'
    yield from json_object((name, _target(task, picture)) for name, picture in _numbered(pictures))
    yield b',\n"failures":'
    yield from json_object(
        (name, picture.missing[task.name].reason)
        for name, picture in _numbered(pictures)
        if task.name in picture.missing
    )
    yield b"}\n"


def _target(task: AskedTask, picture: Picture) -> Any:
    said = picture.answers.get(task.name)
    if said is None:
        return None
    found = [_classification(said, label, picture) for label in said.labels]
    return found[0] if task.answers is OneLabel else found


def _classification(said: Said, label: str, picture: Picture) -> dict[str, Any]:
    return {
        "label": label,
        "confidence": said.score,
        "attributes": {
            "model_version": said.model_version,
            "answered_by": said.answered_by,
            "emulated": picture.emulated,
        },
    }
