"""The keys that put images together, checked: a group is asked as a whole and stands by itself."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.shown import shown
from tierwise.tasks.grouping import DEFAULT_MOST, Beyond, Grouping
from tierwise.tasks.keys import TaskKeys
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import FILENAME, Task
from tierwise.tasks.yaml_text import Document


def grouping_of(document: Document, name: str, keys: TaskKeys) -> Grouping | None:
    """How a task puts images together, None when it asks each alone; raises `TasksError`."""
    if keys.per is None:
        for key in ("max_per_group", "beyond"):
            if key in keys.model_fields_set:
                raise document.error(
                    ("tasks", name, key),
                    "it has no effect without `per`. Write `per: folder`, or remove it.",
                )
        return None
    _check_alone(document, name, keys)
    _check_prompt(document, name, keys, keys.per)
    return Grouping(keys.per, keys.max_per_group or DEFAULT_MOST, keys.beyond or Beyond.SAMPLE)


def check_nobody_waits(document: Document, tasks: Mapping[str, Task]) -> None:
    """Refuse with `TasksError` a task that needs the answer of a group."""
    for task in tasks.values():
        for needed in task.needs:
            if tasks[needed].per:
                key = "prompt" if needed in task.reads_answers else "when"
                key = key if needed in task.depends_on else "escalate"
                raise document.error(
                    ("tasks", task.name, key),
                    f"{needed} is asked of groups, and no other task can read its answer. "
                    "Ask in a second run, with the answers as a column of a manifest.",
                )


def _check_alone(document: Document, name: str, keys: TaskKeys) -> None:
    refused = {
        "when": "conditions are for single images.",
        "escalate": "conditions are for single images.",
        "images_per_request": "`max_per_group` says how many images share a request.",
        "images_per_sheet": "each of its images is sent by itself.",
    }
    for key, why in refused.items():
        if key in keys.model_fields_set:
            raise document.error(
                ("tasks", name, key), f"a group is asked as a whole: {why} Remove it, or `per`."
            )
    if keys.input == "text":
        raise document.error(
            ("tasks", name, "input"), "text: a group is made of images. Remove it, or `per`."
        )


def _check_prompt(document: Document, name: str, keys: TaskKeys, by: str) -> None:
    for used in used_variables(keys.prompt):
        if used == FILENAME or used not in (by, *keys.variables):
            raise document.error(
                ("tasks", name, "prompt"),
                f"{{{used}}}: a group has no single value for it. Write {{{by}}}, which is "
                f"{shown(by)} of the group, or a variable of this task.",
            )
