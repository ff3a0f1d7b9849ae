"""Values as messages show them: short, on one line, whatever the user wrote."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

# All keys of a task are fewer.
_MOST_NAMED = 40
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 2
_SHORT.maxstring = _SHORT.maxother = 80


def shown(value: Any) -> str:
    """A value as a person would look for it in the file, at most some 300 characters.

    >>> shown(None), shown(True), shown("a" * 200)[:6]
    ('missing', 'true', "'aaaaa")
    """
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    return _SHORT.repr(value)


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(0, "file"), counted(1, "request"), counted(12, "label")
    ('0 files', '1 request', '12 labels')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def suggestion(name: object, known: Iterable[str], kind: str) -> str:
    """What to write in place of an unknown name: the nearest known one, else all of them.

    >>> suggestion("lables", ["labels", "text"], "keys")
    'Did you mean labels? Known keys: labels, text.'
    """
    names = list(known)
    close = get_close_matches(str(name), names, n=1)
    few = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    return (f"Did you mean {close[0]}? " if close else "") + f"Known {kind}: {few or 'none'}."
