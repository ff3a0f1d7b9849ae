"""What requests of a kind begin with alike, where a cache can stand in its place. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.gemini.compose import RequestParts, examples_in
from tierwise.gemini.settle import Ask, by_image
from tierwise.models import find_model
from tierwise.records import MediaResolution
from tierwise.tasks.examples import Example, example_tokens, most_example_tokens
from tierwise.tiers import text_tokens


@dataclass(frozen=True, slots=True)
class Beginning:
    """The words that requests to a model begin with, and the examples that are shown next.

    They take `parts` of a request, and a cache of them holds no fewer than `least` tokens. The
    media resolution is that of the examples, None where there are none.
    """

    model: str
    vertex: bool
    text: str
    examples: tuple[Example, ...]
    media_resolution: MediaResolution | None
    parts: int
    least: int

    @property
    def tokens(self) -> int:
        """About how many there are to remember."""
        words = "\n".join((self.text, *(one.caption for one in self.examples)))
        pictures = 0
        if self.media_resolution:
            shown = self.examples, self.model, self.media_resolution
            pictures = example_tokens(*shown, vertex=self.vertex)
        return text_tokens(words) + pictures

    @property
    def most_tokens(self) -> int:
        """An upper bound of that."""
        words, pictures = (self.text, *(one.caption for one in self.examples)), 0
        if self.media_resolution:
            shown = self.examples, self.model, self.media_resolution
            pictures = most_example_tokens(*shown, vertex=self.vertex)
        return sum(len(word.encode()) for word in words) + pictures

    @property
    def is_long(self) -> bool:
        """Whether there is enough to remember."""
        return self.tokens >= self.least

    def key(self, place: str) -> str:
        """By what its caches at a service are known, to all processes and runs."""
        written = [self.model, place, self.text]
        if self.media_resolution:
            written.append(self.media_resolution)
        for one in self.examples:
            written += [one.caption, hashlib.sha256(one.data).hexdigest()]
        return hashlib.sha256("\n".join(written).encode()).hexdigest()[:20]


def beginning_of(asks: Sequence[Ask], composed: RequestParts, *, vertex: bool) -> Beginning | None:
    """What a request begins with, None where no cache of it can be made."""
    first = by_image(asks)[0]
    route = first[0].route
    model = find_model(route.model)
    least = model.explicit_cache_tokens
    if least is None or not composed.remembers or not all(ask.task.cached for ask in first):
        return None
    shown = examples_in(asks) if model.caches_pictures else ()
    return Beginning(
        model=route.model,
        vertex=vertex,
        text=composed.shared,
        examples=shown,
        media_resolution=route.media_resolution if shown else None,
        parts=composed.shared_parts,
        least=least,
    )
