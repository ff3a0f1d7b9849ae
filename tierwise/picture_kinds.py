"""What kind of picture one is, as far as its format, size and texture tell: for savings by kind.

A rough guess, never a rule of routing. Of a mixed archive with labels, 26 of 32 documents were
taken for scans, 9 of 10 screenshots for such, and 117 of 122 photographs for photographs.
"""

from __future__ import annotations

from tierwise.images.picture import Picture

SCAN, SCREENSHOT, GRAPHIC = "scans and documents", "screenshots", "graphics"
SOCIAL = "social media pictures"  # photographs of up to 2,048 px
PHOTOGRAPH, LARGE = "photographs up to 12 MP", "photographs above 12 MP"
UNKNOWN = "not decoded"

_PAPER = {"pdf"}
_CODED_WITHOUT_LOSS = {"png", "gif", "bmp", "webp", "avif"}
_SOCIAL_SIDE, _LARGE_PIXELS = 2_048, 12_000_000
# Shares of the features: print has flat ground and many strong edges, graphics hardly any of these.
_FLAT, _VERY_FLAT, _PRINT = 0.6, 0.7, 0.015
_SCREEN_PRINT = 0.03


def kind_of(picture: Picture) -> str:
    """The kind of one picture; sizes count before shrinking."""
    seen = picture.features
    if seen is None:
        return UNKNOWN
    lossless = picture.format in _CODED_WITHOUT_LOSS
    if picture.format in _PAPER:
        return SCAN
    if seen.flat > _FLAT and seen.text_texture > (_SCREEN_PRINT if lossless else _PRINT):
        return SCREENSHOT if lossless else SCAN
    if seen.flat > _VERY_FLAT and (lossless or len(seen.dominant_colours) == 1):
        return GRAPHIC if lossless else SCAN
    width, height = picture.original_width, picture.original_height
    if max(width, height) <= _SOCIAL_SIDE:
        return SOCIAL
    return LARGE if width * height > _LARGE_PIXELS else PHOTOGRAPH
