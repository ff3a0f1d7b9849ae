"""What a service remembers of prompts by itself: here only where a fault of that name says so.

Google promises nothing, so no run may count on it, and the emulator gives no hits unless it is
told to. Then it gives them by the documented rule: to beginnings as long as the model's minimum
that came before, to the letter.
"""

from __future__ import annotations

import hashlib

from tierwise.emulator.request import GeminiRequest
from tierwise.tiers import text_tokens


class ImplicitCache:
    """The first texts of requests, by model."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, bytes]] = set()

    def cached_tokens(self, asked: GeminiRequest) -> int:
        """Tokens of a prompt that came before; remembers this one."""
        tokens, least = text_tokens(asked.opening), asked.model.implicit_cache_tokens
        if least is None or tokens < least:
            return 0
        key = asked.model.name, hashlib.sha256(asked.opening.encode()).digest()
        hit = key in self._seen
        self._seen.add(key)
        return tokens if hit else 0
