"""Where requests go and how they prove who sends them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.answerer import Answerer, ServiceKind
from tierwise.errors import InputError
from tierwise.gemini.who_answers import emulator_named
from tierwise.prices.price_rows import Price
from tierwise.records import ServiceTier

# Where the key of the Developer API is looked for.
KEY_VARIABLE = "GEMINI_API_KEY"

# Google's documented header for Vertex tiers; the global endpoint alone honours it.
VERTEX_TIER_HEADER = "X-Vertex-AI-LLM-Shared-Request-Type"

# A version is a number, `latest`, or an alias; secrets with a location live in that region alone
# (cloud.google.com/secret-manager/docs, read 2026-11-27).
_SECRET_VERSION = re.compile(
    r"projects/[a-z0-9.:-]+(/locations/(?P<location>[a-z0-9-]+))?/secrets/[\w-]{1,255}"
    r"/versions/([1-9]\d*|[A-Za-z][\w-]{0,62})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Service:
    """An address and an account, without any secret: keys are looked up where they are used.

    `endpoint` replaces Google's base URL when it is not empty; `timeout_s` bounds one request.
    `prices` are those that this account has negotiated. `key_secret` names the version in Secret
    Manager that holds the key of the Developer API; empty means the environment. `emulator` is what
    an emulator at the endpoint says of itself, empty where none does.
    """

    kind: ServiceKind
    endpoint: str = ""
    project: str = ""
    location: str = "global"
    timeout_s: float = 120.0
    prices: tuple[Price, ...] = ()
    key_secret: str = ""
    emulator: str = ""

    @property
    def answerer(self) -> Answerer:
        """Who answers here, as far as was asked."""
        emulated = self.emulator or self.kind is ServiceKind.EMULATOR
        return Answerer(ServiceKind.EMULATOR, self.emulator) if emulated else Answerer(self.kind)

    def answerer_of(self, headers: Mapping[str, str]) -> Answerer:
        """Who gave a reply: an emulator says so in its headers (in lower case)."""
        named = emulator_named(headers)
        return Answerer(ServiceKind.EMULATOR, named) if named else self.answerer

    @property
    def vertex(self) -> bool:
        """Whether requests take Vertex paths and count tokens and prices as Vertex does."""
        return self.kind is ServiceKind.VERTEX

    @property
    def place(self) -> str:
        """Where batch jobs of it are kept: they are found at no other."""
        if not self.vertex:
            return "the Developer API"
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def api_version(self) -> str:
        """The version of Google's protocol that is spoken."""
        return "v1beta1" if self.vertex else "v1beta"

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


def secret_location(name: str) -> str:
    """The region of a regional secret, empty for others.

    Raises:
        InputError: this is not the name of a secret's version.
    """
    found = _SECRET_VERSION.fullmatch(name)
    if not found:
        # Whoever misread the flag may have written the key here.
        shown = f"={name}" if name.startswith("projects/") else ""
        raise InputError(
            f"--api_key_secret{shown}: is not the name of a secret's version. Write it like "
            "projects/my-project/secrets/gemini-key/versions/latest. If it was the key itself, "
            "make a new one: what stands on a command line is known to others."
        )
    return found["location"] or ""
