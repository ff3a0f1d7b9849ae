"""A verb that is called as a function: its process is its caller's, and so is what it says.

Nothing goes to standard output, Ctrl-C is raised and ends nobody's process, and what a command
would say before it ends with an exit status is kept for an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class FunctionCall:
    """One call: the `documents` that a command would print for programs, and its last words.

    `cause` is what a command would print as a traceback.
    """

    documents: list[Any] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    cause: BaseException | None = None


_call: ContextVar[FunctionCall | None] = ContextVar("tierwise_function_call", default=None)


def function_call() -> FunctionCall | None:
    """The call that is going on here, None in a command."""
    return _call.get()


@contextmanager
def as_function() -> Iterator[FunctionCall]:
    """Whatever is carried out in the body is called as a function."""
    call = FunctionCall()
    before = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(before)
