"""Which size a picture is drawn at where that follows from a column or from answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.drawing_models import DEFAULT_SIZE
from tierwise.records import Scalar
from tierwise.tasks.conditions import Condition


@dataclass(frozen=True, slots=True)
class SizeRule:
    """The size of a picture by what is known of its image.

    With a `column`, what the manifest's cell says. Else the first of the `rules` whose condition
    holds. `otherwise` is for an empty cell, and where no condition holds; `largest` is the largest
    that may come, for what is not known yet.
    """

    largest: str
    otherwise: str = DEFAULT_SIZE
    column: str = ""
    rules: tuple[tuple[str, Condition], ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose answers decide."""
        return tuple(dict.fromkeys(name for _, condition in self.rules for name in condition.tasks))

    def size(self, columns: Mapping[str, Scalar], answers: Mapping[str, Any]) -> str:
        """The size for one image; a cell that is none is given as it stands."""
        if self.column:
            cell = columns.get(self.column)
            return self.otherwise if cell in (None, "") else str(cell).strip()
        if not all(name in answers for name in self.tasks):
            return self.largest
        holding = (size for size, condition in self.rules if condition.holds(answers))
        return next(holding, self.otherwise)
