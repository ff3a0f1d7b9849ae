"""The tokens of a prompt without a look at its pictures: what is enqueued with a batch job."""

from __future__ import annotations

from tierwise.emulator.refusals import Refusal
from tierwise.emulator.request import GeminiRequest
from tierwise.emulator.sight import upright_size
from tierwise.tiers import image_tokens, text_tokens


def prompt_tokens(asked: GeminiRequest) -> int:
    """Tokens of text and pictures; what is no picture counts nothing."""
    total = text_tokens(asked.whole_text)
    for picture in (*asked.examples, *asked.pictures):
        try:
            width, height = upright_size(picture.data)
        except Refusal:
            continue
        total += image_tokens(
            asked.model.name, picture.media_resolution, width, height, vertex=asked.call.vertex
        )
    return total
