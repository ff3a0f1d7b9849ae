"""That only some contents are asked a task, chosen one by one: those of a trial on labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chosen:
    """The contents, by their hashes, and what `share` of all they are, above 0 and at most 1."""

    contents: frozenset[str]
    share: float

    def covers(self, content_hash: str) -> bool:
        """Whether a content is one of them, or cannot be read, which a row has to say."""
        return not content_hash or content_hash in self.contents
