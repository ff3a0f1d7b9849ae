"""Where requests go and how they prove who sends them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tierwise.price_rows import Price
from tierwise.records import ServiceTier

# Where the key of the Developer API is looked for.
KEY_VARIABLE = "GEMINI_API_KEY"

# Google's documented header for Vertex tiers; the global endpoint alone honours it.
VERTEX_TIER_HEADER = "X-Vertex-AI-LLM-Shared-Request-Type"


class Kind(StrEnum):
    """The three values of `--gemini`."""

    EMULATOR = "emulator"
    DEVELOPER = "developer"
    VERTEX = "vertex"


@dataclass(frozen=True, slots=True)
class Service:
    """An address and an account, without any secret: keys are looked up where they are used.

    `endpoint` replaces Google's base URL when it is not empty; `timeout_s` bounds one request.
    `prices` are those that this account has negotiated.
    """

    kind: Kind
    endpoint: str = ""
    project: str = ""
    location: str = "global"
    timeout_s: float = 120.0
    prices: tuple[Price, ...] = ()

    @property
    def vertex(self) -> bool:
        """Whether requests take Vertex paths and count tokens and prices as Vertex does."""
        return self.kind is Kind.VERTEX

    @property
    def regional(self) -> bool:
        """Whether Vertex adds its surcharge for endpoints other than `global`."""
        return self.vertex and self.location != "global"

    def tier_body(self, tier: ServiceTier) -> dict[str, str]:
        """What the body says of the tier; only the Developer API takes it there."""
        if self.vertex or tier is ServiceTier.STANDARD:
            return {}
        return {"serviceTier": str(tier)}

    def tier_headers(self, tier: ServiceTier) -> dict[str, str]:
        """What the headers say of the tier; only Vertex takes it there."""
        if not self.vertex or tier is ServiceTier.STANDARD:
            return {}
        return {VERTEX_TIER_HEADER: str(tier)}
