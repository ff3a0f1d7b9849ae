"""Questions to request JSON, with the field names of Google's REST reference. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.models import Model
from tierwise.records import MediaResolution

WireJson = dict[str, Any]

_LEVELS = {level: f"MEDIA_RESOLUTION_{level.name}" for level in MediaResolution}


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture to send, how many tokens it is worth, and the text that stands before it."""

    data: bytes
    mime_type: str
    media_resolution: MediaResolution
    text: str = ""


@dataclass(frozen=True, slots=True)
class NamedImage:
    """A picture in a bucket that Vertex AI reads itself, with the same beside it."""

    uri: str
    mime_type: str
    media_resolution: MediaResolution
    text: str = ""


def request_body(
    *,
    model: Model,
    shared: str,
    rest: str = "",
    examples: Sequence[InlineImage] = (),
    images: Sequence[InlineImage | NamedImage],
    response_config: Mapping[str, Any],
    max_output_tokens: int,
) -> WireJson:
    """The body of `generateContent`: what is shared, the rest of the words, then each picture.

    A picture stands after its own text. Services remember beginnings that they have seen, byte by
    byte: so what all requests share, a text and examples, stands before everything else.

    Media resolution stands with the pictures when they differ, which not every model takes
    (`Model.per_part_media_resolution`), and when only there it can be as high. Thinking is set to
    the least level that the model takes, for thoughts are billed as output.
    """
    levels = {image.media_resolution for image in images}
    per_part = len(levels) > 1 or MediaResolution.ULTRA_HIGH in levels
    parts: list[WireJson] = []
    for text, pictures in ((shared, examples), (rest, images)):
        parts += [{"text": text}] if text else []
        for image in pictures:
            parts += [{"text": image.text}] if image.text else []
            parts.append(_image_part(image, per_part=per_part))
    config: WireJson = {**response_config, "maxOutputTokens": max_output_tokens}
    if images and not per_part and model.media_resolutions:
        config["mediaResolution"] = _LEVELS[images[0].media_resolution]
    if thinking := _least_thinking(model):
        config["thinkingConfig"] = thinking
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def naming_cache(body: WireJson, name: str, parts: int) -> WireJson:
    """A request that names a cache in the place of its first parts, which the cache holds."""
    [content] = body["contents"]
    rest = {**content, "parts": content["parts"][parts:]}
    return {**body, "contents": [rest], "cachedContent": name}


def cached_parts(body: WireJson, parts: int) -> list[WireJson]:
    """The first parts of a request as a cache holds them, which has no settings of its own.

    So the media resolution of the request stands with each picture there.
    """
    [content] = body["contents"]
    level = body["generationConfig"].get("mediaResolution")
    own = {"mediaResolution": {"level": level}} if level else {}
    return [part if "text" in part else {**own, **part} for part in content["parts"][:parts]]


def _image_part(image: InlineImage | NamedImage, *, per_part: bool) -> WireJson:
    part: WireJson
    if isinstance(image, NamedImage):
        part = {"fileData": {"mimeType": image.mime_type, "fileUri": image.uri}}
    else:
        data = base64.b64encode(image.data).decode("ascii")
        part = {"inlineData": {"mimeType": image.mime_type, "data": data}}
    if per_part:
        part["mediaResolution"] = {"level": _LEVELS[image.media_resolution]}
    return part


def _least_thinking(model: Model) -> WireJson | None:
    if model.thinking_levels:
        return {"thinkingLevel": model.thinking_levels[0].upper()}
    if model.thinking_budget_off is not None:
        return {"thinkingBudget": model.thinking_budget_off}
    return None
