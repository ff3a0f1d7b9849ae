"""Conditions over earlier answers: what `when` means.

    detail == "yes" and (watermark.present == true or category in ["city", "people"])

A condition compares one answer, or one field of it, with literals or with another. It never
computes and never calls, so that a tasks file from anywhere is safe to load.

* Comparison   <task>[.<field>...] <operator> <literal>, or another <task>[.<field>...]
* AllOf, AnyOf, Negation over such parts
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

Literal = str | int | float | bool | None


class Node(Protocol):
    """A part of a condition."""

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether this part is true of answers that are all there."""
        ...

    def comparisons(self) -> Iterator[Comparison]:
        """The comparisons in this part, from left to right."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer or field against a literal, against several for `in`, or against another answer.

    `other` is the path of that other answer or field; there are no literals then. `position` counts
    the characters of the condition from 1. A field that the answer lacks is null.
    """

    path: tuple[str, ...]
    operator: str
    literals: tuple[Literal, ...]
    position: int = field(compare=False)
    other: tuple[str, ...] = ()

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Compare; null is neither less nor greater than anything and contains nothing."""
        value = _at(self.path, answers)
        if self.operator in _MEMBERSHIP:
            return _MEMBERSHIP[self.operator](value, self.literals)
        second = _at(self.other, answers) if self.other else self.literals[0]
        if self.operator not in ("==", "!=") and (value is None or second is None):
            return False
        return _OPERATORS[self.operator](value, second)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it names, one or two."""
        return (self.path[0], *self.other[:1])

    def comparisons(self) -> Iterator[Comparison]:
        """Itself."""
        yield self


@dataclass(frozen=True, slots=True)
class AllOf:
    """Parts joined by `and`."""

    parts: tuple[Node, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Every part holds."""
        return all(part.holds(answers) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        """Those of the parts, from left to right."""
        return chain.from_iterable(part.comparisons() for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Parts joined by `or`."""

    parts: tuple[Node, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """At least one part holds."""
        return any(part.holds(answers) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        """Those of the parts, from left to right."""
        return chain.from_iterable(part.comparisons() for part in self.parts)


@dataclass(frozen=True, slots=True)
class Negation:
    """`not` of a part."""

    part: Node

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """The part does not hold."""
        return not self.part.holds(answers)

    def comparisons(self) -> Iterator[Comparison]:
        """Those of the part."""
        yield from self.part.comparisons()


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition; `tasks` are those it names, in the order it names them."""

    text: str = field(compare=False)  # of which spaces are no matter
    root: Node
    tasks: tuple[str, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether the condition is true of typed answers by task name.

        False when any named task has no answer, even under `not` or beside an `or` that would
        hold: nothing is asked on grounds that nobody knows.
        """
        return all(name in answers for name in self.tasks) and self.root.holds(answers)


def _at(path: tuple[str, ...], answers: Mapping[str, Any]) -> Any:
    value: Any = answers
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _contains(value: Any, literal: Literal) -> bool:
    return literal in value


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "contains": _contains,
}
_MEMBERSHIP: dict[str, Callable[[Any, tuple[Literal, ...]], bool]] = {
    "in": lambda value, literals: value in literals,
    "not in": lambda value, literals: value not in literals,
}
OPERATORS = (*_OPERATORS, *_MEMBERSHIP)
