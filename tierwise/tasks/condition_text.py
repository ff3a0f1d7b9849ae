"""Reading a condition from its text.

either     = both ("or" both)*
both       = part ("and" part)*
part       = "not" part | "(" either ")" | comparison
comparison = path operator (literal | "[" literal ("," literal)* "]" | path)
path       = name ("." (name | "'" name "'"))*    a field may be called as a word of this language
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tierwise.errors import TasksError
from tierwise.shown import shown
from tierwise.tasks.conditions import OPERATORS, AllOf, AnyOf, Comparison, Literal, Negation, Node

MAX_CONDITION_CHARACTERS = 2_000
MAX_CONDITION_DEPTH = 30
KEYWORDS = ("and", "or", "not", "in", "contains", "true", "false", "null")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?![\w.]))
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,|\.)
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS: dict[str, Literal] = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 18


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def read_condition(text: str) -> Node:
    """The condition as a tree; raises `TasksError` with the position, counted from 1."""
    if len(text) > MAX_CONDITION_CHARACTERS:
        raise TasksError(
            f"the condition has {len(text)} characters, the limit is {MAX_CONDITION_CHARACTERS}. "
            "Put part of it into a task of its own."
        )
    reader = _Reader(text, list(_tokens(text)))
    node = reader.either(0)
    if reader.next.kind != "end":
        raise reader.wrong("Join comparisons with `and` or `or`")
    return node


@dataclass(slots=True)
class _Reader:
    text: str
    tokens: list[_Token]
    index: int = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.index]

    def either(self, depth: int) -> Node:
        parts = [self.both(depth)]
        while self.takes("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.part(depth)]
        while self.takes("and"):
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def part(self, depth: int) -> Node:
        if depth > MAX_CONDITION_DEPTH:
            raise self.wrong(f"At most {MAX_CONDITION_DEPTH} parts may lie within each other")
        if self.takes("not"):
            return Negation(self.part(depth + 1))
        if self.takes("("):
            node = self.either(depth + 1)
            self.expect(")", "Close the parenthesis with )")
            return node
        return self.comparison()

    def comparison(self) -> Comparison:
        position = self.next.position
        path = self.path()
        operator = self.operator()
        if operator in ("in", "not in"):
            return Comparison(path, operator, self.list(), position)
        if self.next.kind == "name" and self.next.text not in KEYWORDS:
            return Comparison(path, operator, (), position, self.path())
        return Comparison(path, operator, (self.literal(),), position)

    def path(self) -> tuple[str, ...]:
        path = [self.name("Begin a comparison with a task's name")]
        while self.takes("."):
            path.append(self.field())
        return tuple(path)

    def field(self) -> str:
        """After a point nothing else can stand than a name, be it `in` or "not"."""
        if self.next.kind not in ("name", "string"):
            raise self.wrong("Write a field's name after the point")
        return _unquoted(self.advance())

    def name(self, remedy: str) -> str:
        if self.next.kind != "name" or self.next.text in KEYWORDS:
            raise self.wrong(remedy)
        return self.advance().text

    def operator(self) -> str:
        if self.takes("not"):
            self.expect("in", "Write `not in [...]`")
            return "not in"
        if self.next.text not in OPERATORS or self.next.kind == "string":
            raise self.wrong(f"Compare with one of {', '.join(OPERATORS)}")
        return self.advance().text

    def list(self) -> tuple[Literal, ...]:
        self.expect("[", 'Write a list, as in ["a", "b"]')
        literals = [self.literal()]
        while self.takes(","):
            literals.append(self.literal())
        self.expect("]", "Close the list with ]")
        return tuple(literals)

    def literal(self) -> Literal:
        kind, text, _ = self.next
        if kind == "string":
            return _unquoted(self.advance())
        if kind == "number" and len(text) <= _MAX_DIGITS:
            self.advance()
            return float(text) if "." in text else int(text)
        if kind == "name" and text in _CONSTANTS:
            return _CONSTANTS[self.advance().text]
        raise self.wrong(
            "Write a value: text in quotes, a number of at most 18 digits, true, false or null"
        )

    def takes(self, text: str) -> bool:
        if self.next.text != text or self.next.kind == "string":
            return False
        self.advance()
        return True

    def expect(self, text: str, remedy: str) -> None:
        if not self.takes(text):
            raise self.wrong(remedy)

    def advance(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def wrong(self, remedy: str) -> TasksError:
        found = shown(self.next.text) if self.next.kind != "end" else "the end"
        return TasksError(f"at character {self.next.position} stands {found}. {remedy}.")


def _unquoted(token: _Token) -> str:
    if token.kind != "string":
        return token.text
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)


def _tokens(text: str) -> Iterator[_Token]:
    start = 0
    while match := _TOKEN.match(text, start):
        kind = match.lastgroup or "end"
        yield _Token(kind, match[kind], match.start(kind) + 1)
        start = match.end()
        if kind == "end":
            return
    rest = text[start:].lstrip()
    position = len(text) - len(rest) + 1
    remedy = {
        '"': "Close the quotes",
        "'": "Close the quotes",
        "=": "Compare with ==",
        "&": "Write `and`",
        "|": "Write `or`",
        "!": "Write `not`",
    }.get(rest[:1], "Write task names, comparisons, `and`, `or`, `not` and parentheses")
    raise TasksError(f"at character {position} stands {shown(rest[:1])}. {remedy}.")
