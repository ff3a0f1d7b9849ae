"""What goes in one request: questions of one task, by count, bytes and tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tierwise.gemini.compose import may_share
from tierwise.gemini.settle import Ask
from tierwise.references import MOST_BYTES_IN_REQUEST

# The Developer API takes 100 MB inline, Vertex 7 MB an image; base64 adds a third. Small requests
# fail cheaper and keep a worker's memory flat.
MOST_INLINE_BYTES = 12_000_000
# Above 200,000 tokens some models cost double for the whole request (tierwise/facts/prices.toml);
# no model's context is smaller. The rest is room for what is only estimated.
_MOST_TOKENS = 180_000


@dataclass(slots=True)
class Pack:
    """A request to be, of at most so many images; `tokens_of` says what a question adds to it."""

    most: int
    tokens_of: Callable[[Ask], int]
    asks: list[Ask] = field(default_factory=list)
    _bytes: int = 0
    _tokens: int = 0

    @property
    def full(self) -> bool:
        """Whether no further question fits, however small."""
        return len(self.asks) >= self.most

    def takes(self, ask: Ask) -> bool:
        """Whether a question fits in; the first one always does."""
        if not self.asks:
            return True
        light = (
            self._bytes + _size(ask) <= MOST_INLINE_BYTES
            and self._tokens + self.tokens_of(ask) <= _MOST_TOKENS
        )
        return light and not self.full and may_share(self.asks[0], ask)

    def add(self, ask: Ask) -> None:
        """Put a question in."""
        self.asks.append(ask)
        self._bytes += _size(ask)
        if self.most > 1:
            self._tokens += self.tokens_of(ask)


def packs(
    asks: Iterable[Ask], most: int, tokens_of: Callable[[Ask], int]
) -> Iterator[tuple[Ask, ...]]:
    """Questions of one task in the requests that they share, in their order."""
    pack = Pack(most, tokens_of)
    for ask in asks:
        if not pack.takes(ask):
            yield tuple(pack.asks)
            pack = Pack(most, tokens_of)
        pack.add(ask)
    if pack.asks:
        yield tuple(pack.asks)


def _size(ask: Ask) -> int:
    """Bytes of a request; of a file that it only names, its share of what a request may name."""
    if ask.reference:
        return ask.reference.bytes * MOST_INLINE_BYTES // MOST_BYTES_IN_REQUEST
    return len(ask.picture.data) if ask.picture else 0
