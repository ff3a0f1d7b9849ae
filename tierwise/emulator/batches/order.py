"""The order in which results are written: Google promises one, and has kept none."""

from __future__ import annotations

from random import Random

_WINDOW = 64


class Reordering:
    """Passes lines on in another order, holding at most 64 of them.

    `how` is `kept`, `reversed` (within the window) or `shuffled`, which is the same for the same
    seed, and never the order that they came in where there are two or more.
    """

    def __init__(self, how: str, seed: str) -> None:
        self._how = how
        self._random = Random(seed)  # noqa: S311 - repeatable
        self._held: list[bytes] = []
        self._any_out = False

    def add(self, line: bytes) -> list[bytes]:
        """Take a line; gives those to be written now."""
        if self._how == "kept":
            return [line]
        self._held.append(line)
        if len(self._held) < _WINDOW:
            return []
        if self._how == "reversed":
            return self.rest()
        self._any_out = True
        return [self._held.pop(self._random.randrange(_WINDOW))]

    def rest(self) -> list[bytes]:
        """All that is held."""
        held, self._held = self._held, []
        if self._how == "reversed":
            return held[::-1]
        mixed = self._random.sample(held, len(held))
        unmixed = mixed == held and not self._any_out
        return mixed[1:] + mixed[:1] if unmixed else mixed
