"""What each request of a batch job is about, so that its reply can be settled days later.

The first line of a file holds the tasks as they were asked, every other one a request: whoever
takes the results needs neither the tasks file, which may have changed since, nor the pictures.
Files are compressed, for requests repeat their tasks' words.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from tierwise.answers.forms import Form
from tierwise.answers.kinds import ANSWER_KINDS, kind_of
from tierwise.gemini.settle import Ask
from tierwise.images.picture import Picture
from tierwise.records import Page, Route, Spent
from tierwise.references import Reference
from tierwise.routing import Decision
from tierwise.storage.files import files_for
from tierwise.tasks.auditing import Audit
from tierwise.tasks.examples import Example
from tierwise.tasks.grouping import Grouping
from tierwise.tasks.task import Task
from tierwise.wording import Prompt


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One request of a job: the questions it asks, and what is not to be had from its reply.

    `sent_bytes` are the pictures' bytes, by question; `worst` is the most that it can cost
    (nano-dollars). With `echo`, its reply has to repeat the word that follows from `key`.
    `beginning` is the key of what it begins with, empty where no cache can hold that.
    """

    key: str
    asks: tuple[Ask, ...]
    sent_bytes: tuple[int, ...]
    worst: int
    echo: bool
    beginning: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    """An `Ask` as it is written: its task by name, its picture without bytes."""

    request_id: str
    content_hash: str
    task: str
    page: Page
    prompt: Prompt
    picture: Picture | None = None
    decision: Decision | None = None
    limit_raised: bool = False
    cut_off: bool = False
    asked_again: bool = False
    wasted: Spent = Spent()
    attempts: int = 0
    unanswered: int = 0
    reference: Reference | None = None
    form: Form | None = None
    pack: str = ""
    alone: bool = False
    lost: int = 0
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    asks: tuple[_Question, ...]
    sent_bytes: tuple[int, ...]
    worst: int
    echo: bool = False
    beginning: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """What settling needs of a task: neither its condition nor its rules."""

    name: str
    prompt: str
    kind: str
    answer: dict[str, Any]
    route: Route
    max_output_tokens: int
    reads: str = "image"
    per: Grouping | None = None
    audit: Audit | None = None
    first_of: str = ""
    after_first: str = ""
    branch: str = ""
    declined_once: bool = False
    examples: tuple[Example, ...] = ()
    together: tuple[str, ...] | None = None
    first_questions: tuple[str, ...] = ()
    trial_of: str = ""
    tried_with: tuple[str, ...] = ()


_SAME_IN_TASKS = [field.name for field in fields(_Task) if field.name not in ("kind", "answer")]
# Of what is asked, so that a field which `_Question` lacks fails at the first line written.
_SAME_IN_ASKS = [field.name for field in fields(Ask) if field.name not in ("task", "picture")]


@cache  # built where batch jobs are asked for, which most runs never do
def _line() -> TypeAdapter[_Line]:
    return TypeAdapter(_Line)


@cache
def _tasks() -> TypeAdapter[list[_Task]]:
    return TypeAdapter(list[_Task])


def name_of(task: Task) -> str:
    """What a task is called in the file: otherwise for each branch of a tree, and each size."""
    called = f"{task.name} > {task.branch}" if task.branch else task.name
    return f"{called} at {size}" if (size := task.answer.drawn_size()) else called


def to_line(row: AskedRow) -> bytes:
    """A request as a line of the file, without the line's end."""
    asks = tuple(map(_written, row.asks))
    line = _Line(row.key, asks, row.sent_bytes, row.worst, row.echo, row.beginning)
    return _line().dump_json(line, exclude_defaults=True)


def packed(tasks: Iterable[Task], lines: Iterable[bytes]) -> bytes:
    """The whole file."""
    written = _tasks().dump_json([_written_task(task) for task in tasks], exclude_defaults=True)
    return gzip.compress(b"\n".join((written, *lines)) + b"\n", compresslevel=3, mtime=0)


def asked_rows(uri: str) -> Iterator[AskedRow]:
    """The requests of a file, in the order in which they were written.

    Raises:
        OSError: it cannot be read, or is not whole.
    """
    with files_for(uri).open(uri) as stream, gzip.open(stream) as lines:
        tasks = {name_of(task): task for task in map(_task, _tasks().validate_json(next(lines)))}
        for written in lines:
            line = _line().validate_json(written)
            asks = tuple(_ask(one, tasks) for one in line.asks)
            same = line.sent_bytes, line.worst, line.echo, line.beginning
            yield AskedRow(line.key, asks, *same)


def beginnings_of(uri: str) -> dict[str, str]:
    """What each request of a file begins with, by key, where a cache can hold that.

    Raises:
        OSError: as above.
    """
    with files_for(uri).open(uri) as stream, gzip.open(stream) as lines:
        next(lines)
        found = map(orjson.loads, lines)
        return {line["key"]: line["beginning"] for line in found if line.get("beginning")}


def _written(ask: Ask) -> _Question:
    picture = ask.picture and replace(ask.picture, data=b"", features=None, thumbnail=b"")
    same = {name: getattr(ask, name) for name in _SAME_IN_ASKS}
    return _Question(task=name_of(ask.task), picture=picture, **same)


def _ask(written: _Question, tasks: Mapping[str, Task]) -> Ask:
    same = {name: getattr(written, name) for name in _SAME_IN_ASKS}
    return Ask(task=tasks[written.task], picture=written.picture, **same)


def _written_task(task: Task) -> _Task:
    same = {name: getattr(task, name) for name in _SAME_IN_TASKS}
    same["examples"] = tuple(replace(one, data=b"") for one in task.examples)
    kind = kind_of(task.answer)
    answer = TypeAdapter(ANSWER_KINDS[kind]).dump_python(task.answer, mode="json")
    return _Task(kind=kind, answer=answer, **same)


def _task(written: _Task) -> Task:
    same = {name: getattr(written, name) for name in _SAME_IN_TASKS}
    answer = TypeAdapter(ANSWER_KINDS[written.kind]).validate_python(written.answer)
    return Task(answer=answer, **same)
