"""What requests of a kind begin with alike, where a cache can stand in its place. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.gemini.compose import RequestParts
from tierwise.gemini.settle import Ask, by_image
from tierwise.models import find_model
from tierwise.tiers import text_tokens


@dataclass(frozen=True, slots=True)
class Beginning:
    """The words that requests to a model begin with, and the least that a cache of it holds.

    `tokens` are about those of the words.
    """

    model: str
    text: str
    least: int

    @property
    def tokens(self) -> int:
        """About how many there are to remember."""
        return text_tokens(self.text)

    @property
    def most_tokens(self) -> int:
        """An upper bound of that."""
        return len(self.text.encode())

    @property
    def is_long(self) -> bool:
        """Whether there is enough to remember."""
        return self.tokens >= self.least

    def key(self, place: str) -> str:
        """By what its caches at a service are known, to all processes and runs."""
        written = "\n".join((self.model, place, self.text))
        return hashlib.sha256(written.encode()).hexdigest()[:20]


def beginning_of(asks: Sequence[Ask], composed: RequestParts) -> Beginning | None:
    """What a request begins with, None where no cache of it can be made."""
    first = by_image(asks)[0]
    model = first[0].route.model
    least = find_model(model).explicit_cache_tokens
    if least is None or not composed.remembers or not all(ask.task.cached for ask in first):
        return None
    return Beginning(model, composed.shared, least)
