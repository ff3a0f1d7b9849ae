"""A first look at the tasks file, before a verb's own module and Beam with it are imported.

It takes a quarter of a second, where a verb that asks takes one to begin. What it passes is looked
at once more, with the files that it names.
"""

from __future__ import annotations

from typing import NoReturn

from tierwise.beam_pipeline.given_text import read_text
from tierwise.errors import TasksError
from tierwise.records import ImageSettings
from tierwise.tasks import load_tasks
from tierwise.tasks.examples import ExamplePictures


class _LaterError(Exception):
    """The file names others, which are read when it is loaded for good."""


def check_tasks(path: str) -> None:
    """Refuse a local tasks file that is malformed in itself.

    Raises:
        TasksError: it cannot be read, or is malformed.
    """
    if "://" in path:
        return
    try:
        load_tasks(
            read_text("tasks", path, TasksError),
            path=path,
            read=_labels_later,
            pictures=ExamplePictures(_pictures_later, _pictures_later),
        )
    except _LaterError:
        return


def _labels_later(name: str) -> NoReturn:
    raise _LaterError(name)


def _pictures_later(name: str, settings: ImageSettings) -> NoReturn:
    del settings
    raise _LaterError(name)
