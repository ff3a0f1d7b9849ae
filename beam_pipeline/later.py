"""What the contract has and this version does not: said so, rather than called unknown."""

from __future__ import annotations

from collections.abc import Iterable

VERBS: tuple[str, ...] = ()
RUN_FLAGS = ("api_key_secret",)
VALUES = {"service_tier": ("batch",)}  # by flag


def first_later_flag(words: Iterable[str]) -> str | None:
    """The first flag among words of `run` that this version does not have yet."""
    names = (word[2:].partition("=")[0] for word in words if word.startswith("--"))
    return next((name for name in names if name in RUN_FLAGS), None)
