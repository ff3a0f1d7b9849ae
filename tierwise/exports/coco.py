"""COCO: one file for each task with labels, in which labels are of whole images.

COCO has no classification of its own. As other programs do, an annotation names an image and a
category, and has neither box nor outline: nothing was located.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tierwise.exports.json_pieces import json_list
from tierwise.exports.picture import EMULATED, ExportedRun, Picture
from tierwise.report.task_facts import AskedTask


def coco_pieces(run: ExportedRun, task: AskedTask, pictures: Iterable[Picture]) -> Iterator[bytes]:
    """The bytes of a file; `pictures` are walked through twice. Ids count from 1."""
    ids = {label: number for number, label in enumerate(task.labels, start=1)}
    yield orjson.dumps({"info": _info(run, task)})[:-1] + b',\n"licenses":[],\n"images":'
    yield from json_list(_image(number, task, one) for number, one in enumerate(pictures, 1))
    yield b',\n"annotations":'
    yield from json_list(_annotations(task, pictures, ids))
    yield b',\n"categories":'
    yield from json_list(
        {"id": number, "name": label, "supercategory": task.name} for label, number in ids.items()
    )
    yield b"}\n"


def _info(run: ExportedRun, task: AskedTask) -> dict[str, Any]:
    emulated = f"{EMULATED}: " if run.emulated else ""
    return {
        "tierwise_run": run.run_id,
        "description": f"{emulated}{task.name}: {task.prompt}",
        "version": run.version,
        "contributor": run.told_models,
        "date_created": run.ended_at,
        "emulated": run.emulated,
    }


def _image(number: int, task: AskedTask, picture: Picture) -> dict[str, Any]:
    """Sizes are numbers in COCO: 0 stands for one that is not known."""
    missing = picture.missing.get(task.name)
    return {
        "id": number,
        "file_name": picture.uri,
        "width": picture.width or 0,
        "height": picture.height or 0,
        "page": picture.page,
        "content_hash": picture.content_hash,
        **({"failure": missing.reason} if missing else {}),
    }


def _annotations(
    task: AskedTask, pictures: Iterable[Picture], ids: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """Notes the categories that the list of labels lacks.

    What a label lies below stands beside it: a run tells that of labels that were answered alone,
    and the categories of two runs with the same labels are to be the same.
    """
    number = 0
    for image, picture in enumerate(pictures, start=1):
        said = picture.answers.get(task.name)
        if said is None:
            continue
        for label, path in zip(said.labels, said.paths, strict=True):
            number += 1
            yield {
                "id": number,
                "image_id": image,
                "category_id": ids.setdefault(label, len(ids) + 1),
                **({"label_path": path} if said.path is not None else {}),
                **({"score": said.score} if said.score is not None else {}),
                "answered_by": said.answered_by,
                "model_version": said.model_version,
                "emulated": picture.emulated,
            }
