"""What goes in one request: images with the same questions, by count, bytes and tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tierwise.gemini.compose import examples_in, may_share
from tierwise.gemini.settle import Ask
from tierwise.references import MOST_BYTES_IN_REQUEST

TokensOf = Callable[[Sequence[Ask]], int]

# The Developer API takes 100 MB inline, Vertex 7 MB an image; base64 adds a third. Small requests
# fail cheaper and keep a worker's memory flat.
MOST_INLINE_BYTES = 12_000_000
# Above 200,000 tokens some models cost double for the whole request (tierwise/facts/prices.toml);
# no model's context is smaller. The rest is room for what is only estimated.
_MOST_TOKENS = 180_000


@dataclass(slots=True)
class Pack:
    """A request to be, of at most so many images; `tokens_of` says what an image adds to it."""

    most: int
    tokens_of: TokensOf
    asks: list[Ask] = field(default_factory=list)
    _images: int = 0
    _bytes: int = 0
    _tokens: int = 0

    @property
    def full(self) -> bool:
        """Whether no further image fits, however small."""
        return self._images >= self.most

    def takes(self, questions: Sequence[Ask]) -> bool:
        """Whether the questions about an image fit in; those about the first one always do."""
        if not self.asks:
            return True
        light = (
            self._bytes + _size(questions[0]) <= MOST_INLINE_BYTES
            and self._tokens + self.tokens_of(questions) <= _MOST_TOKENS
        )
        return light and not self.full and may_share(self.asks[0], questions[0])

    def add(self, questions: Sequence[Ask]) -> None:
        """Put the questions about an image in."""
        if not self.asks:
            self._bytes = sum(len(one.data) for one in examples_in(questions))
        self.asks += questions
        self._images += 1
        self._bytes += _size(questions[0])
        if self.most > 1:
            self._tokens += self.tokens_of(questions)


def packs(
    images: Iterable[Sequence[Ask]], most: int, tokens_of: TokensOf
) -> Iterator[tuple[Ask, ...]]:
    """The same questions about several images in the requests that they share, in their order."""
    pack = Pack(most, tokens_of)
    for questions in images:
        if not pack.takes(questions):
            yield tuple(pack.asks)
            pack = Pack(most, tokens_of)
        pack.add(questions)
    if pack.asks:
        yield tuple(pack.asks)


def _size(ask: Ask) -> int:
    """Bytes of a request; of a file that it only names, its share of what a request may name."""
    if ask.reference:
        return ask.reference.bytes * MOST_INLINE_BYTES // MOST_BYTES_IN_REQUEST
    return len(ask.picture.data) if ask.picture else 0
