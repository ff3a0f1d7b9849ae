"""The bill: what the emulated service would charge, to the nano-dollar."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tierwise.records import Usage

_TOKENS = (
    *("input_tokens", "image_tokens", "cached_tokens"),
    *("output_tokens", "thought_tokens", "drawn_tokens"),
)
_KEYS = ("requests", "images", *_TOKENS)


def billed_usd(nano_usd: int) -> str:
    """Dollars with nine places.

    >>> billed_usd(1_234_567)
    '0.001234567'
    """
    return f"{nano_usd // 10**9}.{nano_usd % 10**9:09d}"


def tokens(usage: Usage) -> dict[str, int]:
    """The token counts by name."""
    return {name: getattr(usage, name) for name in _TOKENS}


class Bill:
    """Sums of the billed requests, per model."""

    def __init__(self) -> None:
        self._models: dict[str, Counter[str]] = {}

    def add(self, model: str, images: int, usage: Usage, nano_usd: int) -> None:
        """Charge one request."""
        line = {"requests": 1, "images": images, "nano_usd": nano_usd, **tokens(usage)}
        self._models.setdefault(model, Counter()).update(line)

    def add_cache(self, model: str, nano_usd: int) -> None:
        """Charge what a cache costs: no request, and no tokens of any."""
        self._models.setdefault(model, Counter()).update(nano_usd=nano_usd)

    def document(self) -> dict[str, Any]:
        """The reply of `GET /emulator/bill`."""
        total: Counter[str] = Counter()
        for line in self._models.values():
            total.update(line)
        models = {
            name: {"usd": billed_usd(line["nano_usd"]), **{key: line[key] for key in _KEYS}}
            for name, line in sorted(self._models.items())
        }
        return {
            "total_usd": billed_usd(total["nano_usd"]),
            **{key: total[key] for key in _KEYS},
            "models": models,
            "emulated": True,
        }
