"""How many tokens the emulated model thinks before it writes."""

from __future__ import annotations

from tierwise.emulator.request import GeminiRequest

# Typical numbers, not documented ones: what users report for short classification answers.
_TOKENS = {
    "off": 0,
    "minimal": 0,
    "low": 64,
    "dynamic": 256,
    "medium": 256,
    "high": 1024,
    "xhigh": 2048,
}


def thought_tokens(asked: GeminiRequest) -> int:
    """Tokens of thought, within a quarter of what is typical, the same for the same request."""
    budget = asked.settings.thinking_budget
    level = asked.settings.thinking_level or asked.model.default_thinking
    if budget is not None:
        level = "off" if budget == 0 else "dynamic"
    varied = _TOKENS[level] * (192 + asked.digest[0] // 2) // 256
    return min(varied, budget) if budget and budget > 0 else varied
