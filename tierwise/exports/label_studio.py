"""Label Studio: tasks with predictions, and the labeling configuration that they fit.

Each task of the run is a control of that name over the picture: choices for labels, a text field
for texts and, as JSON, for objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.exports.picture import ExportedRun, Picture, Said
from tierwise.report.task_facts import AskedTask

# One upload of more takes a browser, and Label Studio, long.
TASKS_PER_FILE = 25_000
_IMAGE = "image"
# What Label Studio takes for the name of a cell of the task's data, wherever it stands in a value.
_VARIABLE = re.compile(r"\$(?=[\w\[\].{}])", re.ASCII)
# Nothing to see; behind the dollar sign, what follows is no name.
_JOINER = "\u2060"
# So many choices can be looked over; more fold into a list.
_CHOICES_SHOWN = 20


def label_studio_tasks(
    run: ExportedRun, pictures: Iterable[tuple[str, Picture]]
) -> Iterator[dict[str, Any]]:
    """What Label Studio imports, of pictures with the addresses that it fetches them from.

    All answers about a picture are one prediction, whose `model_version` is the same everywhere:
    a project shows those of one version.
    """
    for address, picture in pictures:
        yield {
            "data": {
                "tierwise_run": run.run_id,
                _IMAGE: address,
                "uri": picture.uri,
                "page": picture.page,
                "content_hash": picture.content_hash,
                "emulated": picture.emulated,
                "failures": {name: one.reason for name, one in picture.missing.items()},
                "manifest": dict(picture.columns),
            },
            "predictions": list(_predictions(run, picture, _object_of(run))),
        }


def _object_of(run: ExportedRun) -> str:
    """What the picture is called in the configuration, where tasks have names as well."""
    name, taken = _IMAGE, {task.name for task in run.tasks}
    while name in taken:
        name += "_shown"
    return name


def _predictions(run: ExportedRun, picture: Picture, shown: str) -> Iterator[dict[str, Any]]:
    if not picture.answers:
        return
    scores = [said.score for said in picture.answers.values() if said.score is not None]
    yield {
        "model_version": run.told_models,
        **({"score": min(scores)} if scores else {}),
        "result": [
            _result(task, said, shown)
            for task in run.tasks
            if (said := picture.answers.get(task.name)) is not None
        ],
    }


def _result(task: AskedTask, said: Said, shown: str) -> dict[str, Any]:
    chosen = task.answers in (OneLabel, SeveralLabels)
    text = said.value if isinstance(said.value, str) else json.dumps(said.value, ensure_ascii=False)
    return {
        "id": task.name,
        "from_name": task.name,
        "to_name": shown,
        "type": "choices" if chosen else "textarea",
        "value": {"choices": list(said.labels)} if chosen else {"text": [text]},
        **({"score": said.score} if said.score is not None else {}),
        "meta": {"model_version": said.model_version, "answered_by": said.answered_by},
    }


def labeling_config(run: ExportedRun) -> bytes:
    """The configuration of a project, to be pasted into its settings."""
    view, shown = etree.Element("View"), _object_of(run)
    etree.SubElement(view, "Image", name=shown, value=f"${_IMAGE}")
    for task in run.tasks:
        etree.SubElement(view, "Header", value=task.name)
        if task.answers in (OneLabel, SeveralLabels):
            _add_choices(view, task, shown)
        else:
            etree.SubElement(view, "TextArea", name=task.name, toName=shown, editable="true")
    etree.indent(view)
    made = f"tierwise {run.version}, run {run.run_id}, answered by {run.told_models}"
    comment = f"<!-- {made.replace('--', '- -')} -->\n"
    text: str = etree.tostring(view, encoding="unicode")
    return f"{comment}{text}\n".encode()


def _add_choices(view: etree._Element, task: AskedTask, shown: str) -> None:
    one = task.answers is OneLabel
    folded = len(task.labels) > _CHOICES_SHOWN
    choices = etree.SubElement(
        view,
        "Choices",
        name=task.name,
        toName=shown,
        choice="single" if one else "multiple",
        **({"layout": "select"} if folded else {"showInline": "true"}),
    )
    for label in task.labels:
        told = _VARIABLE.sub(f"${_JOINER}", label)
        alias = {"alias": label} if told != label else {}  # what is written where it is chosen
        etree.SubElement(choices, "Choice", value=told, **alias)
