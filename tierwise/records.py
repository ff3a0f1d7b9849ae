"""What travels through the job: small frozen records, never image bytes.

Tokens are counts, money is integer nano-dollars (1 USD = 1,000,000,000), sizes are px or bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

Scalar = str | int | float | bool | None


class MediaResolution(StrEnum):
    """How many tokens an image becomes, fewest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    ULTRA_HIGH = "ultra_high"


class ServiceTier(StrEnum):
    """How Google serves and prices a request."""

    STANDARD = "standard"
    FLEX = "flex"
    BATCH = "batch"
    PRIORITY = "priority"


class Reason(StrEnum):
    """Why an image has no answer; the values of `failures.reason`."""

    UNREADABLE = "unreadable"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    BLOCKED_PROMPT = "blocked_prompt"
    BLOCKED_ANSWER = "blocked_answer"
    TRUNCATED = "truncated"
    INVALID_ANSWER = "invalid_answer"
    REJECTED = "rejected"
    UNAUTHORIZED = "unauthorized"
    QUOTA_EXHAUSTED = "quota_exhausted"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    OVER_BUDGET = "over_budget"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, or of one image's share of it.

    `input_tokens` is the whole prompt, image and cached tokens included (`promptTokenCount`);
    `output_tokens` is the reply without thoughts (`candidatesTokenCount`), thoughts stand apart.
    """

    input_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)))


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """How a picture is prepared for a request.

    `max_side` is the longest side in px, never enlarged to; `quality` is 1 to 100.
    """

    max_side: int
    quality: int = 85


@dataclass(frozen=True, slots=True)
class Route:
    """How a task is asked."""

    model: str
    media_resolution: MediaResolution
    image: ImageSettings
    images_per_request: int = 1
    service_tier: ServiceTier = ServiceTier.STANDARD


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One name in the archive.

    `content_hash` is `sha256:...` of the bytes or the bucket's `md5:...`; it is empty when the file
    could not be read, and `problem` then says why. `columns` are the manifest's own.
    """

    uri: str
    bytes: int
    content_hash: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    problem: str = ""
