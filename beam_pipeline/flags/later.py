"""What the contract has and this version does not: said so, rather than called unknown."""

from __future__ import annotations

LATER_VERBS: tuple[str, ...] = ()
VALUES = {"service_tier": ("batch",)}  # by flag
