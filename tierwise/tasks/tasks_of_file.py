"""The tasks of a file, checked before anything starts, in the order they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files

from tierwise.answers.answer_type import AnswerType
from tierwise.long_pictures import long_split, split_tokens
from tierwise.records import Route, is_cut
from tierwise.routing import AS_IT_IS, Routing
from tierwise.tasks.build import build_task, read_answer
from tierwise.tasks.escalation import Escalation
from tierwise.tasks.examples import NO_PICTURES, ExamplePictures
from tierwise.tasks.group_checks import check_nobody_waits
from tierwise.tasks.keys import read_tasks_file
from tierwise.tasks.label_files import ReadFile, no_files
from tierwise.tasks.order import CycleError, in_order
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import FILENAME, Task
from tierwise.tasks.yaml_text import Document

__all__ = ["Task", "Tasks", "default_tasks", "load_tasks"]


@dataclass(frozen=True, slots=True)
class Tasks:
    """All tasks of a file as they were written, each after those it depends on.

    `path` is the file's name, for messages; `manifest_columns` are names in prompts of single
    images, and in sizes of pictures, that only a manifest can fill, each once.
    """

    path: str
    tasks: tuple[Task, ...]
    manifest_columns: tuple[str, ...] = ()

    def task(self, name: str) -> Task:
        """The task of this name; raises KeyError."""
        return {task.name: task for task in self.tasks}[name]

    def as_they_are(self) -> Tasks:
        """The same tasks, asked of every picture by their own routes."""
        return self.with_routings({task.name: AS_IT_IS for task in self.tasks})

    def with_routings(self, routings: Mapping[str, Routing]) -> Tasks:
        """The same tasks, those named by other rules for each picture."""
        tasks = (replace(t, routing=routings.get(t.name, t.routing)) for t in self.tasks)
        return replace(self, tasks=tuple(tasks))

    def with_routes(self, routes: Mapping[str, Route]) -> Tasks:
        """The same tasks, those named asked by other routes; the caller checks the routes."""
        tasks = (replace(task, route=routes.get(task.name, task.route)) for task in self.tasks)
        return replace(self, tasks=tuple(tasks))

    def with_together(self, together: Mapping[str, tuple[str, ...] | None]) -> Tasks:
        """The same tasks, those named asked together with others: None for any, () for none."""
        tasks = (replace(t, together=together.get(t.name, t.together)) for t in self.tasks)
        return replace(self, tasks=tuple(tasks))

    def with_escalations(self, escalations: Mapping[str, Escalation | None]) -> Tasks:
        """The same tasks, those named escalated otherwise or not at all; raises `CycleError`."""
        changed = {
            task.name: replace(task, escalation=escalations.get(task.name, task.escalation))
            for task in self.tasks
        }
        ordered = in_order({name: task.needs for name, task in changed.items()})
        return replace(self, tasks=tuple(changed[name] for name in ordered))


def load_tasks(
    text: str, *, path: str, read: ReadFile = no_files, pictures: ExamplePictures = NO_PICTURES
) -> Tasks:
    """The tasks of a YAML text.

    Args:
        text: the file's content.
        path: the file's name, for messages.
        read: gives the files of labels that tasks name.
        pictures: gives the example pictures that tasks name.

    Raises:
        TasksError: the message names file, line, task, key, value and what to write instead.
    """
    file, document = read_tasks_file(text, path=path)
    found = {name: read_answer(document, name, keys, read) for name, keys in file.tasks.items()}
    answers = {name: answer for name, (answer, _) in found.items()}
    tasks = {
        name: build_task(document, file, name, answers, pictures=pictures, named=named)
        for name, (_, named) in found.items()
    }
    columns = dict.fromkeys(
        name for task in tasks.values() for name in _only_manifest(task, answers)
    )
    check_nobody_waits(document, tasks)
    ordered = _cut_alike(tuple(tasks[name] for name in _ordered(document, tasks)))
    _check_frames(document, ordered)
    return Tasks(path, ordered, tuple(columns))


def default_tasks() -> Tasks:
    """The built-in tasks, fit for any photo archive."""
    text = (files("tierwise.tasks") / "default_tasks.yaml").read_text(encoding="utf-8")
    return load_tasks(text, path="the built-in tasks")


def _only_manifest(task: Task, answers: Mapping[str, AnswerType]) -> list[str]:
    elsewhere = {FILENAME, *task.variables, *answers, *([task.per.by] if task.per else [])}
    said = [name for name in used_variables(task.prompt) if name not in elsewhere]
    return [*said, *([task.sizes.column] if task.sizes and task.sizes.column else [])]


def _cut_alike(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Parts of long pictures are images of all tasks: those that show most say how to cut."""
    tokens = max((split_tokens(task.route.image.frames) for task in tasks), default=0)
    return tuple(
        replace(
            task,
            route=replace(task.route, image=replace(task.route.image, frames=long_split(tokens))),
        )
        if is_cut(task.route.image.frames)
        else task
        for task in tasks
    )


def _check_frames(document: Document, tasks: tuple[Task, ...]) -> None:
    """Each frame is an image that every task is asked of, so all must mean the same frames."""
    looking = [task for task in tasks if task.reads == "image"]
    for task in looking:
        frames, first = task.route.image.frames, looking[0]
        if frames != first.route.image.frames:
            raise document.error(
                ("tasks", task.name, "image", "frames"),
                f"asks for frames {frames} where {first.name!r} asks for "
                f"{first.route.image.frames}. Write the same for all tasks, under defaults.",
            )


def _key_of_need(task: Task, needed: str) -> str:
    if needed in task.reads_answers:
        return "prompt"
    return "when" if needed in task.depends_on else "escalate"


def _ordered(document: Document, tasks: Mapping[str, Task]) -> tuple[str, ...]:
    try:
        return in_order({name: task.needs for name, task in tasks.items()})
    except CycleError as error:
        first, second = error.names[0], error.names[1]
        key = _key_of_need(tasks[first], second)
        raise document.error(
            ("tasks", first, key),
            f"the tasks wait for each other: {error}. Remove one of these references.",
        ) from error
