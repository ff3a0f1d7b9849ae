"""What came back for one request, before anybody has read what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawReply:
    """The JSON of a 200, its headers in lower case, and the milliseconds it took."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    latency_ms: int
