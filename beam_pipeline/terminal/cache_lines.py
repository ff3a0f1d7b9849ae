"""What caches of prompts do, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tierwise.beam_pipeline.terminal.forecast_tables import short

# Of shorter prompts nobody wonders.
_WORTH_A_WORD = 1024


def cache_lines(row: dict[str, Any]) -> Iterator[str]:
    """A line for each long prompt of a forecast, given as JSON."""
    for cache in row["caches"]:
        if cache["prompt_tokens"] < _WORTH_A_WORD:
            continue
        prompt = (
            f"The prompt of {', '.join(cache['tasks'])} (about {cache['prompt_tokens']:,} tokens)"
        )
        if cache["why_not"]:
            yield f"{prompt} is paid with each request: {cache['why_not']}."
        else:
            yield (
                f"{prompt} is cached for {cache['requests']:,} requests: that costs "
                f"${short(cache['cost_usd'])} and saves ${short(cache['saved_usd'])} beyond it."
            )
