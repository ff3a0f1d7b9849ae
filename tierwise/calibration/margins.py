"""How much worse than the reference is too much: of all answers, and at levels of a tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwise.errors import InputError
from tierwise.shown import shown
from tierwise.taxonomy.levels import EXACT, LEVEL, PARENT

LEAST, MOST = 0.0001, 0.5

_LEVEL = re.compile(rf"{LEVEL}[ _-]?(?P<level>[1-9]\d?)")
_NAMES = {EXACT: EXACT, "parent": PARENT, PARENT: PARENT}


@dataclass(frozen=True, slots=True)
class Margins:
    """Differences of shares, `LEAST` to `MOST`.

    `levels` are by name (`tierwise.taxonomy.levels`) those of answers that come near in a tree.
    """

    exact: float
    levels: Mapping[str, float] = field(default_factory=dict)


def read_margins(written: str, default: float) -> Margins:
    """The margins of `--margin`: a number, or numbers behind names, with commas.

    >>> read_margins("0.02", 0.05)
    Margins(exact=0.02, levels={})
    >>> read_margins("parent=0.02, level 1=0.01", 0.05)
    Margins(exact=0.05, levels={'parent right': 0.02, 'level 1': 0.01})

    Raises:
        InputError: a name or a number is none.
    """
    found: dict[str, float] = {}
    for part in written.split(","):
        name, sign, number = part.rpartition("=")
        called = _name(name.strip()) if sign else EXACT
        if called in found:
            raise InputError(f"--margin: {called} is given twice. Remove one.")
        found[called] = _number(number.strip())
    return Margins(found.pop(EXACT, default), found)


def _name(written: str) -> str:
    if level := _LEVEL.fullmatch(written):
        return f"{LEVEL} {level['level']}"
    if written not in _NAMES:
        raise InputError(
            f"--margin: {shown(written)} is no level. Write {EXACT}, parent, or {LEVEL} with its "
            f"number, as in --margin={EXACT}=0.05,parent=0.02."
        )
    return _NAMES[written]


def _number(written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = 0.0
    if not LEAST <= number <= MOST:
        raise InputError(
            f"--margin: {shown(written)} is no margin. Write a number from {LEAST:g} to {MOST:g}, "
            f"as in --margin=0.05 or --margin={EXACT}=0.05,parent=0.02."
        )
    return number
