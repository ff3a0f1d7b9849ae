"""How `optimize` shrinks, from a profile and what overrides it."""

from __future__ import annotations

from tierwise.profiles import DEFAULT_QUALITY, PROFILES
from tierwise.records import ImageSettings

_DEFAULT_PROFILE = "content"


def image_settings(
    profile: str | None, max_side: int | None, quality: int | None, output_format: str
) -> ImageSettings:
    """The profile's longest side (px) and quality (1 to 100), unless they are given."""
    side, usual = PROFILES[profile or _DEFAULT_PROFILE]
    if not profile:
        usual = DEFAULT_QUALITY
    return ImageSettings(
        max_side=side if max_side is None else max_side,
        quality=usual if quality is None else quality,
        output_format=output_format,
    )
