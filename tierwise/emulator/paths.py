"""Which method of which API a URL path means, and whether the caller may use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.emulator.refusals import Refusal, error_info

_DEVELOPER = re.compile(r"/(?P<version>v1|v1beta|v1alpha)/models/(?P<model>[^/:]+):(?P<method>\w+)")
_VERTEX = re.compile(
    r"/(?P<version>v1|v1beta1)/(?:projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/)?"
    r"publishers/google/models/(?P<model>[^/:]+):(?P<method>\w+)"
)
_METHODS = frozenset({"generateContent", "countTokens"})
# Stand-ins for a key that was withdrawn, so that a run's end for that reason can be tried out.
_WITHDRAWN = frozenset({"invalid", "revoked"})


@dataclass(frozen=True, slots=True)
class Call:
    """One method call; `location` is "global" on the Developer API and in Vertex express mode."""

    vertex: bool
    version: str
    model: str
    method: str
    project: str = ""
    location: str = "global"

    @property
    def regional(self) -> bool:
        """Whether Vertex serves it from one region, at that region's price."""
        return self.location != "global"

    @property
    def package(self) -> str:
        """The protobuf package that error messages name."""
        prefix = "google.cloud.aiplatform" if self.vertex else "google.ai.generativelanguage"
        return f"{prefix}.{self.version}"


def read_path(path: str) -> Call:
    """The call that a POST to `path` means.

    Raises:
      Refusal: 404, the API version, the method or the path does not exist.
    """
    for vertex, pattern in ((False, _DEVELOPER), (True, _VERTEX)):
        found = pattern.fullmatch(path)
        if found and found["method"] in _METHODS:
            parts = {name: value for name, value in found.groupdict().items() if value}
            return Call(vertex, **parts)
    raise Refusal(404, f"Method not found: the emulator serves no POST {path}.")


def check_caller(
    call_is_vertex: bool, headers: Mapping[str, str], query: Mapping[str, str]
) -> None:
    """Refuse a caller without a key or token, as Google does.

    Any value passes except `invalid` and `revoked`: the emulator knows no accounts.

    Raises:
      Refusal: 400 (key not valid), 401 (token missing or not valid) or 403 (key missing).
    """
    key = headers.get("x-goog-api-key") or query.get("key") or ""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    if key in _WITHDRAWN:
        raise Refusal(
            400,
            "API key not valid. Please pass a valid API key.",
            details=[error_info("API_KEY_INVALID", service="generativelanguage.googleapis.com")],
        )
    if bearer in _WITHDRAWN or (call_is_vertex and not bearer and not key):
        reason = "ACCESS_TOKEN_EXPIRED" if bearer else "CREDENTIALS_MISSING"
        raise Refusal(
            401,
            "Request had invalid authentication credentials. Expected an OAuth 2 access token.",
            details=[error_info(reason, service="aiplatform.googleapis.com")],
        )
    if not key and not bearer:
        raise Refusal(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
