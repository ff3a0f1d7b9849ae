"""What people say in an export of Label Studio, as lines of a sheet.

Its exports JSON and JSON-MIN are read, of tasks that `tierwise export --to=label-studio` or
`tierwise review` wrote: their data say which picture it is, and controls are named after tasks.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.counts.corrections import ANSWER, COLUMNS, SEED, TASK, Line
from tierwise.counts.draw import DRAWN, Drawn
from tierwise.errors import InputError
from tierwise.shown import shown

_PICTURE = ("uri", "page", "content_hash")


def lines_of_label_studio(
    path: str, document: Any, kinds: Mapping[str, AnswerType]
) -> tuple[Sequence[str], Iterator[Line]]:
    """The columns of a sheet, and a line for each task that somebody answered.

    Of what one person said of a picture more than once, the last counts. Annotations that were
    cancelled say nothing, nor do predictions, or controls of other names.

    Raises:
        InputError: it is no such export.
    """
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise InputError(
            f"{path}: is no export of Label Studio, which is a list of tasks. Export it as JSON."
        )
    return (*COLUMNS, SEED), _lines(path, document, kinds)


def _lines(
    path: str, tasks: Sequence[Mapping[str, Any]], kinds: Mapping[str, AnswerType]
) -> Iterator[Line]:
    for number, task in enumerate(tasks, start=1):
        where = f"task {task.get('id', number)}"
        data = task.get("data", task)
        if not isinstance(data, Mapping) or not all(data.get(name) for name in _PICTURE):
            raise InputError(
                f"{path}: {where}: its data have no uri, page and content_hash. Import what "
                "tierwise export --to=label-studio, or tierwise review, wrote: it has them."
            )
        drawn = {DRAWN: str(data.get(DRAWN) or Drawn.CHOSEN), SEED: _text(data.get(SEED))}
        picture = {name: _text(data[name]) for name in _PICTURE} | drawn
        said: dict[tuple[str, str], Line] = {}
        for by, name, value in _answers(task, kinds):
            answer = _cell(f"{path}: {where}", name, kinds[name], value)
            line = {**picture, TASK: name, ANSWER: answer, "by": by}
            said[by, name] = (f"{where}, {by}" if by else where, line)
        yield from said.values()


def _answers(
    task: Mapping[str, Any], names: Collection[str]
) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Who says it, of which of our tasks, and the words; what was said last comes last."""
    if "annotations" not in task:  # JSON-MIN: one annotation, its results beside the data
        by = _person(task.get("annotator"))
        for name in names:
            if name in task and (words := _words(task[name])):
                yield by, name, words
        return
    annotations = [one for one in task["annotations"] or () if isinstance(one, Mapping)]
    for one in sorted(annotations, key=lambda one: str(one.get("updated_at") or "")):
        if one.get("was_cancelled"):
            continue
        by = _person(one.get("completed_by"))
        for result in one.get("result") or ():
            name, value = result.get("from_name"), result.get("value")
            if name in names and isinstance(value, Mapping):
                yield by, name, _words(value.get("choices", value.get("text")))


def _words(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = value.get("choices", value.get("text"))
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value in (None, "") else [str(value)]


def _cell(where: str, name: str, kind: AnswerType, words: Sequence[str]) -> str:
    """The words of a result as a cell of a sheet says them."""
    if isinstance(kind, SeveralLabels):
        return json.dumps(list(words), ensure_ascii=False)
    if isinstance(kind, OneLabel) and len(words) > 1:
        raise InputError(f"{where}: task {name!r} has one label, and these are {shown(words)}.")
    return "\n".join(words)


def _person(who: Any) -> str:
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("username") or who.get("id")
    return _text(who)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
