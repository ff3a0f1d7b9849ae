"""How many tokens may wait in the batch jobs of a model at a time, at the Gemini Developer API.

The limits stand in `facts/quotas.toml`. Vertex AI has none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

USAGE_TIERS = (1, 2, 3)
# Cancelled and deleted jobs were still counted two days later, by a report that Google has not
# answered (https://github.com/googleapis/python-genai/issues/2495, checked 2026-11-29).
CANCELLED_COUNTS_S = 2 * 86_400.0
_FAMILIES = ("-flash-lite", "-flash", "-pro")  # the longest name first


@dataclass(frozen=True, slots=True)
class EnqueuedLimit:
    """`tokens` that may be enqueued for a model; `known` unless they are those of its kin."""

    model: str
    usage_tier: int
    tokens: int
    known: bool

    @property
    def said(self) -> str:
        """Where the limit is from, for people.

        >>> enqueued_limit("gemini-3.8-flash", 1).said
        'not known for gemini-3.8-flash; 3,000,000 tokens, the least of its family, are taken'
        """
        if self.known:
            return f"{self.tokens:,} tokens of {self.model} at usage tier {self.usage_tier}"
        of = "of its family" if _family(self.model) else "of all models"
        return f"not known for {self.model}; {self.tokens:,} tokens, the least {of}, are taken"


def enqueued_limit(model: str, usage_tier: int) -> EnqueuedLimit:
    """The tokens that may wait or run in the jobs of a model at a time.

    Of a model that no row names, the least of its family (flash-lite, flash, pro) at this usage
    tier is taken, or of all models where it has no family.

    >>> enqueued_limit("gemini-3.1-flash-lite", 1).tokens
    10000000

    Args:
        model: a pinned model.
        usage_tier: 1, 2 or 3.
    """
    if usage_tier not in USAGE_TIERS:
        raise ValueError(f"{usage_tier} is no usage tier with batch jobs; there are {USAGE_TIERS}")
    limits = _limits()[usage_tier]
    if model in limits:
        return EnqueuedLimit(model, usage_tier, limits[model], known=True)
    kin = [tokens for name, tokens in limits.items() if _family(name) == _family(model)]
    least = min(kin or limits.values())
    return EnqueuedLimit(model, usage_tier, least, known=False)


def _family(model: str) -> str:
    """The part of a name that says how large a model is, "" for none; models that draw have none.

    >>> [_family(name) for name in ("gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-4-neon")]
    ['-flash', '-flash-lite', '']
    """
    draws = "-image" in model
    return "" if draws else next((family for family in _FAMILIES if family in model), "")


@cache
def _limits() -> Mapping[int, Mapping[str, int]]:
    """Tokens by usage tier and model."""
    text = (files("tierwise") / "facts" / "quotas.toml").read_text(encoding="utf-8")
    found: dict[int, dict[str, int]] = {tier: {} for tier in USAGE_TIERS}
    for row in tomllib.loads(text)["enqueued_tokens"]:
        found[row["usage_tier"]] |= dict.fromkeys(row["models"], row["tokens"])
    return found
