"""Prompt templates: `{name}` stands for a value, `{{` and `}}` for braces."""

from __future__ import annotations

import re
from collections.abc import Callable

from tierwise.errors import TasksError
from tierwise.shown import shown

_PIECE = re.compile(r"\{\{|\}\}|\{([^\W\d][\w .-]*)\}|[{}]")


def used_variables(prompt: str) -> tuple[str, ...]:
    """Names in a prompt, each once, in order; raises `TasksError` for a lone brace.

    >>> used_variables("Is {{this}} a {colour} {thing}, {colour}?")
    ('colour', 'thing')
    """
    for piece in _PIECE.finditer(prompt):
        if piece[0] in ("{", "}"):
            rest = prompt[piece.start() : piece.start() + 20]
            raise TasksError(
                f"the prompt has a lone brace at {shown(rest)}. "
                "Write {{ and }} for braces, {name} for a value; a name begins with a letter."
            )
    return tuple(dict.fromkeys(piece[1] for piece in _PIECE.finditer(prompt) if piece[1]))


def filled(prompt: str, value_of: Callable[[str], str]) -> str:
    """The prompt with every name replaced; what a value contains is not read again.

    >>> filled("A {{b}} {c}", {"c": "{d}"}.__getitem__)
    'A {b} {d}'
    """
    return _PIECE.sub(lambda piece: value_of(piece[1]) if piece[1] else piece[0][0], prompt)
