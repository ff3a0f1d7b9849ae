"""Room for thoughts within a request's output limit.

Google's `maxOutputTokens` counts thoughts and reply together, a task's limit counts the reply. A
model that cannot be kept from thinking would use the reply's tokens up and end with nothing, fully
billed (googleapis/python-genai issues 782, 811 and 2062).
"""

from __future__ import annotations

from tierwise.models import Model

# Only what is used is billed, so these are generous: they matter for worst cases alone. No source
# gives figures; users report hundreds of tokens for short answers at more than the least level.
_LEAST_LEVEL = 1024
_UNBOUNDED = 8192
_EACH_FURTHER_IMAGE = 128


def thought_allowance(model: Model, images: int) -> int:
    """Output tokens to add for thoughts to a request with so many images; 0 when there are none."""
    if model.thinking_levels:
        once = 0 if model.thinking_levels[0] == "minimal" else _LEAST_LEVEL
    else:
        bounded = model.thinking_budget_off is not None or model.default_thinking == "off"
        once = 0 if bounded else _UNBOUNDED
    return once + _EACH_FURTHER_IMAGE * (images - 1) if once else 0
