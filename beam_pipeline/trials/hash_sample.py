"""Some of very many things, the same ones each time, in memory that does not grow with them."""

from __future__ import annotations

from hashlib import sha256
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")


class HashSample(Generic[_Thing]):
    """Everything that was added, while it is `most` things or fewer.

    Of more, only those that count are kept, and of more of these the first by a hash of their keys,
    in the order in which they came. Things of one key stay or go together.
    """

    def __init__(self, most: int) -> None:
        self.counted = 0
        self._most = most
        self._held: list[tuple[bytes, bool, _Thing]] = []
        self._complete = True
        self._below = b"\xff" * 32

    def add(self, key: bytes, thing: _Thing, counts: bool) -> None:
        """Add a thing; `counts` says whether it is worth a place where there is not enough room."""
        self.counted += counts
        if not (counts or self._complete):
            return
        rank = sha256(key).digest()
        if rank > self._below:
            return
        self._held.append((rank, counts, thing))
        if len(self._held) > self._most + (0 if self._complete else self._most // 10):
            self._choose()

    def kept(self) -> list[_Thing]:
        """The things that stay."""
        if len(self._held) > self._most:
            self._choose()
        return [thing for _, _, thing in self._held]

    def told(self, what: str) -> str:
        """What to say where some of those that count are not kept, else nothing."""
        if self.counted <= len(self._held):
            return ""
        return (
            f"Of {self.counted:,} {what}, {len(self._held):,} are looked at, by a hash of the "
            "names: the same ones each time."
        )

    def _choose(self) -> None:
        self._complete = False
        held = [one for one in self._held if one[1]]
        if len(held) > self._most:
            self._below = sorted(rank for rank, _, _ in held)[self._most - 1]
            held = [one for one in held if one[0] <= self._below]
        self._held = held
