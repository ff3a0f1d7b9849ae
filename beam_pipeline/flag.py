"""One flag as data: the command line, its help and the template's metadata are made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of one or more verbs.

    `default` None means that there is none. `least` and `most` bound a number, both inclusive.
    """

    name: str
    help: str
    example: str
    verbs: tuple[str, ...]
    default: Any = None
    type: type = str
    choices: tuple[str, ...] = ()
    required: bool = False
    least: float = -math.inf
    most: float = math.inf
