"""How large a picture is sent: as its settings say, or all that its tokens can show.

A media resolution spreads its tokens over a picture in the shape of the picture. One longest side
for all shapes would throw away most of a receipt: of 600 x 4000 px, whose 1,032 tokens at `high`
show 576 x 4128, a side of 1,824 px leaves 274 x 1824.
"""

from __future__ import annotations

from dataclasses import replace

from tierwise.contact_sheets import side_on_sheet
from tierwise.records import ImageSettings, MediaResolution
from tierwise.tiers import pixels_worth_sending, shown_by, token_budget

# WebP knows no longer side, and JPEG four times as much.
LONGEST_SIDE = 16_383


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size whose longest side is at most `side`, at the same aspect; never larger."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return (
        max(1, round(width * side / longest)),
        max(1, round(height * side / longest)),
    )


def sent_size(settings: ImageSettings, width: int, height: int) -> tuple[int, int]:
    """The size in px at which a picture of `width` x `height` px is sent; never larger."""
    if settings.tokens:
        return fitted(*shown_by(settings.tokens, width, height), LONGEST_SIDE)
    return fitted(width, height, settings.max_side)


def sized_for(
    image: ImageSettings, model: str, resolution: MediaResolution, images_per_sheet: int = 1
) -> ImageSettings:
    """The settings with the size that goes with a media resolution.

    Pictures of a contact sheet lie in equal cells, so that their own shape says nothing.
    """
    side = side_on_sheet(pixels_worth_sending(model, resolution), images_per_sheet)
    tokens = token_budget(model, resolution) if images_per_sheet == 1 else 0
    return replace(image, max_side=side, tokens=tokens)
