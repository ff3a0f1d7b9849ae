"""One task from its keys, with every reference that it makes checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.errors import TasksError
from tierwise.models import find_model
from tierwise.records import Route
from tierwise.routing import AS_IT_IS
from tierwise.shown import counted, shown
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.condition_text import KEYWORDS
from tierwise.tasks.conditions import Condition
from tierwise.tasks.escalating import escalation_of
from tierwise.tasks.examples import ExamplePictures, NamedPicture, examples_of
from tierwise.tasks.group_checks import grouping_of
from tierwise.tasks.keys import AUTO, KINDS, ONE_KIND, FileKeys, TaskKeys
from tierwise.tasks.label_files import ReadFile
from tierwise.tasks.label_lists import read_labels
from tierwise.tasks.local_terms import local_of
from tierwise.tasks.picture_tasks import (
    drawing_group,
    drawing_route,
    read_picture,
    size_rule_of,
)
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.refusals import refusal_route_of
from tierwise.tasks.routes import (
    check_model,
    check_reference,
    check_resolution,
    check_sheet,
    check_tier,
    route_of,
)
from tierwise.tasks.routing_rules import routing_of
from tierwise.tasks.sharing import together_of
from tierwise.tasks.task import FILENAME, Task
from tierwise.tasks.top_down import cut_for, is_top_down
from tierwise.tasks.yaml_text import Document

MAX_OUTPUT_TOKENS = 8_192

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_answer(
    document: Document, name: str, keys: TaskKeys, read: ReadFile
) -> tuple[AnswerType, tuple[NamedPicture, ...]]:
    """The answer type of a task, whose name is checked too; raises `TasksError`.

    `read` gives the files of labels that tasks name.
    """
    with document.at("tasks", name):
        _check_name(name)
    answers = zip(KINDS, (keys.labels, keys.answer_schema, keys.text, keys.picture), strict=True)
    given = next((kind for kind, value in answers if value is not None), None)
    with document.at("tasks", name):
        if given is None:
            raise TasksError(f"no kind of answer given; one is needed. {ONE_KIND}")
    for key in ("multiple", "back_off", "max_labels", "top_down"):
        with document.at("tasks", name, key):
            if getattr(keys, key) not in (AUTO, False, None) and given != "labels":
                value = shown(getattr(keys, key))
                raise TasksError(f"{value} has no effect beside `{given}`. Remove it.")
    if keys.labels is not None:
        return read_labels(document, name, keys, read)
    if keys.picture is not None:
        return read_picture(document, name, keys.picture), ()
    with document.at("tasks", name, given):
        if keys.text is not None:
            return Text(keys.text.max_length, keys.text.slug), ()
        return Struct(read_schema(keys.answer_schema)), ()


def build_task(
    document: Document,
    file: FileKeys,
    name: str,
    answers: Mapping[str, AnswerType],
    *,
    pictures: ExamplePictures,
    named: Sequence[NamedPicture],
) -> Task:
    """The task, given the answer types of all tasks; raises `TasksError`.

    `pictures` gives the example pictures that it names, `named` are those of its labels.
    """
    keys = file.tasks[name]
    sizes = size_rule_of(document, name, keys, answers)
    reads_answers = _references(document, name, keys, answers)
    if sizes:  # without them, nobody knows how large it is drawn
        reads_answers = tuple(dict.fromkeys((*reads_answers, *sizes.tasks)))
    condition = _condition(document, name, keys, answers)
    _check_keys(document, name, keys, reads_answers)
    route = drawing_route(document, file, name) if keys.picture else _route(document, file, name)
    grouping = grouping_of(document, name, keys)
    if keys.picture:
        grouping = drawing_group(document, name, keys, route, grouping)
    examples = examples_of(
        document, name, keys, route, answer=answers[name], pictures=pictures, named=named
    )
    route = replace(route, examples=len(examples))
    cut = cut_for(document, name, keys, answers[name], shows=bool(examples))
    asked = replace(route, top_down=is_top_down(keys, answers[name], cut, route))
    limit = keys.max_output_tokens or min(answers[name].max_output_tokens(), MAX_OUTPUT_TOKENS)
    task = Task(
        name=name,
        prompt=keys.prompt,
        answer=answers[name],
        route=asked,
        examples=examples,
        max_output_tokens=limit,
        when=condition,
        reads=keys.input,
        variables=keys.variables,
        per=grouping,
        sizes=sizes,
        escalation=escalation_of(document, name, keys, route, answers),
        on_refusal=refusal_route_of(document, name, keys, route),
        together=together_of(document, file, name),
        cache=_cache(file, keys),
        local=local_of(document, name, keys, answers[name], asked),
        routing=AS_IT_IS if keys.picture else routing_of(document, file, name, route),
        cut=cut,
        reads_answers=reads_answers,
        depends_on=tuple(dict.fromkeys((*reads_answers, *(condition.tasks if condition else ())))),
    )
    _check_output(document, task)
    return task


def _cache(file: FileKeys, keys: TaskKeys) -> Literal["", "auto", "off"]:
    """What the task, or else `defaults`, says of caches; empty where nothing does."""
    said = file.defaults.cache if keys.cache is None else keys.cache
    return "" if said is None else said or "off"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise TasksError(
            f"the task's name is {shown(name)}; it becomes a folder and a column. Use a-z, 0-9 and "
            "_, at most 40, beginning with a letter."
        )
    if name in KEYWORDS:
        raise TasksError(f"{name} is a word of the language of conditions. Rename the task.")


def _references(
    document: Document, name: str, keys: TaskKeys, answers: Mapping[str, AnswerType]
) -> tuple[str, ...]:
    """The tasks that the prompt names."""
    with document.at("tasks", name, "prompt"):
        used = used_variables(keys.prompt)
        if name in used and name not in (FILENAME, *keys.variables):
            raise TasksError(
                f"{{{name}}} is this task's own answer, which is not there yet. Rename the task "
                "when a manifest's column is meant."
            )
        for word in used:
            if word in answers and word not in (FILENAME, *keys.variables, name):
                _check_told(word, answers[word])
    for variable in keys.variables:
        with document.at("tasks", name, "variables", variable):
            _check_variable(variable, used, answers)
    return tuple(
        used_name
        for used_name in used
        if used_name in answers and used_name not in (FILENAME, *keys.variables)
    )


def _check_told(name: str, answer: AnswerType) -> None:
    if answer.draws():
        raise TasksError(
            f"{{{name}}}: a picture that was drawn cannot be told in words. Remove it from the "
            "prompt."
        )


def _check_variable(
    variable: str, used: tuple[str, ...], answers: Mapping[str, AnswerType]
) -> None:
    if variable == FILENAME or variable in answers:
        meaning = "the file's name" if variable == FILENAME else "a task's answer"
        raise TasksError(f"{{{variable}}} already stands for {meaning}. Rename the variable.")
    if variable not in used:
        raise TasksError(f"the prompt does not use it. Write {{{variable}}} there, or remove it.")


def _condition(
    document: Document, name: str, keys: TaskKeys, answers: Mapping[str, AnswerType]
) -> Condition | None:
    if keys.when is None:
        return None
    with document.at("tasks", name, "when"):
        condition = load_condition(keys.when, answers)
        if name in condition.tasks:
            raise TasksError(f"{name} is this task's own answer. Compare another task's.")
        return condition


def _check_keys(
    document: Document, name: str, keys: TaskKeys, reads_answers: tuple[str, ...]
) -> None:
    with document.at("tasks", name, "image", "send"):
        if keys.image.send == "reference" and keys.per:
            raise TasksError("reference: images of a group are sent as bytes. Remove it, or `per`.")
    if keys.input == "image":
        return
    for key in ("media_resolution", "image", "images_per_request", "images_per_sheet"):
        with document.at("tasks", name, key):
            if key in keys.model_fields_set:
                raise TasksError("it has no effect with `input: text`. Remove it.")
    with document.at("tasks", name, "input"):
        if not reads_answers:
            raise TasksError(
                "text: the prompt names no other task to read. Write {its_name} in the prompt."
            )


def _route(document: Document, file: FileKeys, name: str) -> Route:
    keys = file.tasks[name]
    own, shared = ("tasks", name), ("defaults",)
    with document.at(*(own if keys.model else ()), "model"):
        check_model(keys.model or file.model)
    with document.at(*(own if keys.media_resolution else shared), "media_resolution"):
        route = route_of(file, keys)
        check_resolution(route.model, route.media_resolution)
    with document.at(*(own if keys.service_tier else ()), "service_tier"):
        check_tier(route.model, route.service_tier)
    with document.at(*(own if keys.images_per_sheet else shared), "images_per_sheet"):
        check_sheet(route)
    with document.at(*(own if keys.image.send else shared), "image", "send"):
        check_reference(route)
    return route


def _check_output(document: Document, task: Task) -> None:
    asked: dict[tuple[str, ...], Route] = {("images_per_request",): task.route}
    if task.escalation:
        asked["escalate", "images_per_request"] = task.escalation.route
    if task.on_refusal:
        asked["on_refusal", "model"] = task.on_refusal
    for keys, route in asked.items():
        limit, pack = find_model(route.model).max_output_tokens, route.images_per_request
        with document.at("tasks", task.name, *keys):
            if task.output_limit(pack) > limit:
                raise TasksError(
                    f"{counted(pack, 'image')} with up to {task.max_output_tokens} tokens each "
                    f"exceed the model's {limit} per reply. Lower this, or `max_output_tokens`."
                )
