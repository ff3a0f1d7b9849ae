"""One flag as data: the command line and its help are made of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUN = "run"
PLAN = "plan"
CALIBRATE = "calibrate"
MEASURE = "measure"
OPTIMIZE = "optimize"
REPORT = "report"
SHOW = "show"
COMPARE = "compare"
INIT = "init"
REVIEW = "review"
EXPORT = "export"
FORGET = "forget"
EMULATOR = "emulator"

IMAGES = (
    "a folder (all files below it), a pattern such as 'photos/**/*.jpg', "
    "one file, or a manifest (.csv, .tsv, .jsonl, .ndjson, .parquet, plain or .gz; one file or a "
    "pattern such as 'rows-*.parquet') with a column named uri."
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of one or more verbs.

    `default` None means that there is none. `type` reads the word that was given. `least` and
    `most` bound a number, both inclusive. `check` takes a text and the flag's name, and raises
    InputError for a text that is malformed. One that may be `repeated` is as if it had been given
    once, with commas in between.
    """

    name: str
    help: str
    example: str
    verbs: tuple[str, ...]
    default: Any = None
    type: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    required: bool = False
    least: float = -math.inf
    most: float = math.inf
    check: Callable[[str, str], object] | None = None
    repeated: bool = False

    @property
    def shown_default(self) -> str:
        """The default as one would write it.

        >>> Flag("json", "", "true", (RUN,), False, bool).shown_default
        'false'
        """
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)
