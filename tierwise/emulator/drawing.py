"""Pictures that the emulator draws: placeholders that say so, at the exact size of the real ones.

It understands no prompt. A placeholder has the mean colour of the first picture that it was shown,
its own name and the size that was asked for.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from tierwise.drawing_models import image_output_tokens, pixels
from tierwise.emulator.faults import Fault
from tierwise.emulator.outcomes import ModelOutcome, prompt_usage
from tierwise.emulator.request import GeminiRequest
from tierwise.emulator.thoughts import thought_tokens
from tierwise.emulator.views import SeenPicture
from tierwise.records import Usage
from tierwise.tiers import text_tokens

NAME = "EMULATED"
_MIME_TYPE = "image/png"
_GREY = (128, 128, 128)
_MESSAGES = {
    "NO_IMAGE": "Unable to show the generated image. The model could not generate the image "
    "based on the prompt provided.",
    "IMAGE_OTHER": "Unable to show the generated image for reasons that are not told.",
    "IMAGE_SAFETY": "Unable to show the generated image. It may violate the usage guidelines.",
    "IMAGE_PROHIBITED_CONTENT": "Unable to show the generated image: prohibited content.",
    "IMAGE_RECITATION": "Unable to show the generated image: it is too near to a known one.",
}


def drawn_outcome(
    asked: GeminiRequest, views: Sequence[SeenPicture], fault: Fault | None
) -> ModelOutcome:
    """The reply to a request for a picture, under a fault of the model's own, if any.

    What is blocked costs its input and its thoughts, as seen of Vertex AI (litellm issue 20357).
    """
    prompt, kind = prompt_usage(asked, views), fault.kind if fault else ""
    settings = fault.settings if fault else {}
    limit = asked.settings.max_output_tokens
    thoughts = Usage(thought_tokens=min(thought_tokens(asked), limit))
    if kind == "blocked_prompt":
        return ModelOutcome(prompt, block_reason=settings["block_reason"])
    if kind == "blocked_answer":
        reason = settings["finish_reason"]
        said = _MESSAGES.get(reason, "")
        return ModelOutcome(prompt + thoughts, finish_reason=reason, finish_message=said)
    if kind in ("text_only", "max_tokens", "empty_stop"):
        text = {"text_only": settings.get("text", ""), "max_tokens": "Here is"}.get(kind, "")
        written = Usage(output_tokens=text_tokens(text))
        reason = "MAX_TOKENS" if kind == "max_tokens" else "STOP"
        return ModelOutcome(prompt + thoughts + written, text, reason)
    each = image_output_tokens(asked.model.name, asked.settings.drawn_size)
    count = settings["count"] if kind == "several_pictures" else 1
    thinking = settings["count"] if kind == "thought_pictures" else 0
    size = pixels(asked.model.name, asked.settings.drawn_size, asked.settings.drawn_ratio)
    colour = _colour(asked)
    drafts = [_part(_placeholder((64, 64), colour, f"draft {n}")) for n in range(1, thinking + 1)]
    interim = [_part(_placeholder((64, 64), colour, f"{n}")) for n in range(1, count)]
    final = _spoilt(_placeholder(size, colour, asked.settings.drawn_size), fault)
    drawn = count * each
    if thoughts.thought_tokens + each > limit:
        return ModelOutcome(prompt + thoughts, "", "MAX_TOKENS")
    return ModelOutcome(
        prompt + thoughts + Usage(output_tokens=drawn, drawn_tokens=drawn),
        finish_reason="STOP",
        pictures=(*({**draft, "thought": True} for draft in drafts), *interim, final),
        told_apart=kind != "untold_picture",
    )


def _part(data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": _MIME_TYPE, "data": base64.b64encode(data).decode()}}


def _spoilt(data: bytes, fault: Fault | None) -> dict[str, Any]:
    """The picture as it is sent, with what a fault does to its bytes or to what they are called."""
    kind = fault.kind if fault else ""
    if fault and kind == "wrong_mime":
        part = _part(data)
        part["inlineData"]["mimeType"] = fault.settings["mime_type"]
        return part
    how = fault.settings["how"] if fault and kind == "broken_picture" else ""
    spoilt = {
        "cut": data[: len(data) // 2],
        "html": b"<!DOCTYPE html><html><body>Sign in.</body></html>",
        "gif": b"GIF89a" + data,
        "empty": b"",
    }
    part = _part(spoilt.get(how, data))
    if how == "not_base64":
        part["inlineData"]["data"] = "!" + part["inlineData"]["data"]
    return part


def _colour(asked: GeminiRequest) -> tuple[int, int, int]:
    for picture in asked.pictures[:1]:
        try:
            with Image.open(io.BytesIO(picture.data)) as image:
                small = ImageOps.exif_transpose(image).convert("RGB").resize((1, 1))
        except (UnidentifiedImageError, OSError):
            return _GREY
        red, green, blue = small.tobytes()
        return red, green, blue
    return _GREY


@lru_cache(maxsize=16)
def _placeholder(size: tuple[int, int], colour: tuple[int, int, int], what: str) -> bytes:
    """A PNG of one colour with the emulator's name across it."""
    image = Image.new("RGB", size, colour)
    dark = sum(colour) > 3 * 127
    ink = (0, 0, 0) if dark else (255, 255, 255)
    drawing, (width, height) = ImageDraw.Draw(image), size
    font = ImageFont.load_default(max(8, min(width // 7, height // 5)))
    text = f"{NAME}\n{width} x {height}\n{what}"
    drawing.multiline_text(
        (width / 2, height / 2), text, fill=ink, font=font, anchor="mm", align="center"
    )
    into = io.BytesIO()
    image.save(into, "png", compress_level=1)
    return into.getvalue()
