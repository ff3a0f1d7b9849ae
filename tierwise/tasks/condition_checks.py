"""A condition checked against the tasks that it names, before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.json_schemas import Schema
from tierwise.errors import TasksError
from tierwise.shown import shown, suggestion
from tierwise.tasks.condition_text import read_condition
from tierwise.tasks.conditions import Comparison, Condition, Literal

_ORDER = ("<", "<=", ">", ">=")


def load_condition(text: str, answers: Mapping[str, AnswerType]) -> Condition:
    """The condition of a text over the tasks in `answers`.

    Raises:
        TasksError: the text is malformed, names a task or field that is not there, or compares
            with a value that the answer can never have.
    """
    root = read_condition(text)
    for comparison in root.comparisons():
        _check(comparison, answers)
    names = dict.fromkeys(name for one in root.comparisons() for name in one.tasks)
    return Condition(text, root, tuple(names))


def _check(comparison: Comparison, answers: Mapping[str, AnswerType]) -> None:
    schema, may_lack = _resolve(comparison, comparison.path, answers)
    if comparison.other:
        _check_two(comparison, schema, _resolve(comparison, comparison.other, answers)[0])
        return
    if schema.type == "object":
        names = (f"{'.'.join(comparison.path)}.{name}" for name, _ in schema.properties)
        raise _error(comparison, "is a struct", f"Compare one of its fields: {', '.join(names)}.")
    _check_operator(comparison, schema)
    for literal in comparison.literals:
        _check_literal(comparison, schema, literal, may_lack)


def _check_two(comparison: Comparison, first: Schema, second: Schema) -> None:
    """Refuse two answers that can never be compared, or never be equal."""
    sign, other = comparison.operator, ".".join(comparison.other)
    if sign == "contains":
        raise _error(comparison, "is compared by contains", "Write text in quotes after it.")
    if "object" in (first.type, second.type):
        raise _error(comparison, f"or {other} is a struct", "Compare fields of them.")
    if sign in _ORDER:
        for schema in (first, second):
            _check_operator(comparison, schema)
    if not _alike(first.items or first, second.items or second) or (
        (first.type == "array") != (second.type == "array")
    ):
        raise _error(
            comparison,
            f"is of type {first.type}, {other} of type {second.type}",
            "Compare answers of one type that have a value in common.",
        )


def _alike(first: Schema, second: Schema) -> bool:
    """Whether some value fits both."""
    numbers = ("integer", "number")
    if first.type != second.type and not (first.type in numbers and second.type in numbers):
        return False
    both = set(first.enum) & set(second.enum)
    return bool(both) or not (first.enum and second.enum)


def _resolve(
    comparison: Comparison, path: tuple[str, ...], answers: Mapping[str, AnswerType]
) -> tuple[Schema, bool]:
    """The schema of what stands at a path, and whether it may be null."""
    task, *fields = path
    if task not in answers:
        if path == comparison.other and len(path) == 1:
            raise _error(
                comparison,
                f"is compared with {task!r}, which is not a task",
                f'Write text in quotes: "{task}".',
            )
        problem = f"names no task {task!r}"
        raise _error(comparison, problem, suggestion(task, answers, "tasks"), path)
    schema, may_lack = answers[task].schema(), False
    for name in fields:
        below = schema.property(name)
        if below is None:
            known = [known for known, _ in schema.properties]
            problem = f"has no field {name!r}"
            raise _error(comparison, problem, suggestion(name, known, "fields"), path)
        may_lack = may_lack or below.nullable or name not in schema.required
        schema = below
    return schema, may_lack


def _check_operator(comparison: Comparison, schema: Schema) -> None:
    sign = comparison.operator
    if sign in _ORDER and schema.type not in ("integer", "number"):
        raise _error(comparison, f"is not a number, so {sign} means nothing", "Use == or in.")
    if schema.type == "array" and sign != "contains":
        raise _error(comparison, f"is a list, so {sign} means nothing", "Use contains.")
    if sign == "contains" and (schema.type not in ("array", "string") or schema.enum):
        raise _error(comparison, "is a single value, so contains means nothing", "Use == or in.")
    if schema.items and schema.items.type in ("object", "array"):
        raise _error(comparison, "is a list of structs", "Ask for what matters in its own field.")


def _check_literal(
    comparison: Comparison, schema: Schema, literal: Literal, may_lack: bool
) -> None:
    expected = schema.items or schema
    if literal is None:
        if not may_lack or comparison.operator in (*_ORDER, "contains"):
            raise _error(comparison, "is never null here", "Compare with a value.")
        return
    if not _fits(literal, expected.type):
        raise _error(
            comparison,
            f"is of type {expected.type} and compared with {shown(literal)}",
            f"Compare with {_EXAMPLES[expected.type]}.",
        )
    if expected.enum and literal not in expected.enum:
        raise _error(
            comparison,
            f"can never be {shown(literal)}",
            suggestion(literal, map(str, expected.enum), "values"),
        )


def _fits(literal: Literal, type_name: str) -> bool:
    if isinstance(literal, bool) or type_name == "boolean":
        return isinstance(literal, bool) and type_name == "boolean"
    if isinstance(literal, str) or type_name == "string":
        return isinstance(literal, str) and type_name == "string"
    return True


def _error(
    comparison: Comparison, problem: str, remedy: str, path: tuple[str, ...] = ()
) -> TasksError:
    named = ".".join(path or comparison.path)
    return TasksError(f"at character {comparison.position}, {named} {problem}. {remedy}")


_EXAMPLES = {
    "string": "text in quotes",
    "boolean": "true or false",
    "integer": "a number",
    "number": "a number",
}
