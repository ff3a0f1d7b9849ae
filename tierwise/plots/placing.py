"""Where names can stand beside points without covering each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameBox:
    """A rectangle in px, `low` below `high`."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: NameBox) -> float:
        """The area in which both lie."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.high, other.high) - max(self.low, other.low)
        return max(0.0, width) * max(0.0, height)

    @property
    def area(self) -> float:
        """Width times height."""
        return (self.right - self.left) * (self.high - self.low)


def first_free(
    offers: Iterable[tuple[NameBox, float]], taken: Sequence[NameBox], inside: NameBox
) -> NameBox:
    """Of boxes with a penalty each, the best that is free; where none is, the one least covered.

    >>> near, far = NameBox(0, 0, 2, 1), NameBox(0, 1, 2, 2)
    >>> first_free([(near, 0), (far, 1)], [NameBox(1, 0, 3, 1)], NameBox(0, 0, 9, 9)) == far
    True
    """

    def covered(box: NameBox) -> float:
        return sum(map(box.shared, taken)) + box.area - box.shared(inside)

    return min(offers, key=lambda offer: (round(covered(offer[0])), offer[1]))[0]
