"""What a request asks: its pictures, its question and its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from tierwise.contact_sheets import Grid
from tierwise.emulator.captions import Caption, is_after_examples, is_example, read_caption
from tierwise.emulator.echoes import NO_ECHO, Echo, read_echo
from tierwise.emulator.joint import JointForm, read_joint
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal, bad_fields
from tierwise.emulator.schemas import from_json_schema
from tierwise.emulator.settings import GenerationSettings, read_settings
from tierwise.emulator.told_forms import ToldForm, read_told
from tierwise.models import Model
from tierwise.records import MediaResolution, ServiceTier

_MIME_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_VERTEX_IMAGE_BYTES = 7_000_000
_MAX_IMAGES = {False: 3_600, True: 3_000}


@dataclass(frozen=True, slots=True)
class SentPicture:
    """One picture of a request, and by which numbers its caption calls what is on it.

    `grid` says where, when it is a contact sheet. `word` is the one that its item is to repeat.
    """

    data: bytes
    sha256: str
    media_resolution: MediaResolution | None
    numbers: tuple[int, ...]
    grid: Grid | None = None
    word: str = ""


@dataclass(frozen=True)
class GeminiRequest:
    """A request that the service takes.

    `question` is its text without the pictures' captions and without what it says of the reply's
    form; `labels` are those that are listed there, by what the reply is to call them. Of a `joint`
    request it is the text of all questions, and the labels stand with each of them. All of it is as
    if nothing were to be repeated; the `echo` says what is. `examples` are pictures with their
    answers, which cost what others cost and are not asked about. `opening` is its first text;
    `cached_tokens` are those of the `cache` that it names, if it does.
    """

    call: Call
    model: Model
    pictures: tuple[SentPicture, ...]
    question: str
    text: str
    settings: GenerationSettings
    service_tier: ServiceTier
    labels: Mapping[str, str]
    joint: JointForm | None = None
    echo: Echo = NO_ECHO
    examples: tuple[SentPicture, ...] = ()
    opening: str = ""
    cache: str = ""
    cached_tokens: int = 0

    @cached_property
    def question_sha256(self) -> str:
        """The same for every request of the same tasks, whatever pictures it carries."""
        return hashlib.sha256(self.question.encode()).hexdigest()

    @property
    def whole_text(self) -> str:
        """All that counts as tokens of text, the echo's words among it."""
        return "\n".join(filter(None, (self.text, self.echo.text)))

    @property
    def loses_schema(self) -> bool:
        """Whether the service answers it with nonsense in the right form.

        Batch jobs of the Developer API did so with every `responseJsonSchema`, and with no
        `responseSchema` (502 of 502 answers, 2026-08, ruby_llm issue 894).
        """
        batch = self.service_tier is ServiceTier.BATCH and not self.call.vertex
        wrapped = self.echo.schema == "response_json_schema"
        return batch and (wrapped or self.settings.dialect == "responseJsonSchema")

    @cached_property
    def digest(self) -> bytes:
        """Changes with anything that an answer may depend on."""
        parts = [self.model.name, self.text, repr(self.settings)]
        parts += [f"{p.sha256} {p.media_resolution}" for p in self.pictures]
        return hashlib.sha256("\n".join(parts).encode()).digest()


def read_asked(
    call: Call,
    model: Model,
    body: Mapping[str, Any],
    service_tier: ServiceTier,
    objects: Mapping[str, bytes],
    *,
    cached_tokens: int = 0,
) -> GeminiRequest:
    """What a decoded `GenerateContentRequest` asks; `objects` are those that it names, by URI.

    `cached_tokens` are those of a cache that it names, whose contents it has by now.

    Raises:
      Refusal: 400, the contents are empty or hold what the model cannot take.
    """
    if not body.get("contents"):
        _refuse("contents", "contents is not specified")
    if service_tier not in model.service_tiers:
        raise Refusal(400, f"Service tier {service_tier} is not supported for {model.name}.")
    echo, body = read_echo(body)
    config = body.get("generation_config") or {}
    parts = list(_parts(body, call, model))
    captions = _captions(parts)
    texts = [part["text"] for part in parts if "text" in part]
    shown = _examples(parts)
    captioned = {*captions, *shown}
    bare = "\n".join(text for place, text in _texts(parts) if place + 1 not in captioned)
    told = read_told(bare)
    settings = _with_told_schema(read_settings(config, model), told)
    alone = sum(map(_is_picture, parts)) - len(shown) == 1
    own = " ".join(caption.own for caption in captions.values()) if alone else ""
    joint = read_joint(bare, settings.schema, own)
    asked = {place: caption for place, caption in captions.items() if place not in shown}
    pictures = dict(_pictures(parts, asked, shown, config=config, model=model, objects=objects))
    return GeminiRequest(
        call=call,
        model=model,
        pictures=tuple(one for place, one in pictures.items() if place not in shown),
        examples=tuple(pictures[place] for place in sorted(shown)),
        question=joint.question if joint else told.question,
        text="\n".join(texts),
        settings=settings,
        labels={} if joint else told.labels,
        service_tier=service_tier,
        joint=joint,
        echo=echo,
        opening=texts[0] if texts else "",
        cache=body.get("cached_content") or "",
        cached_tokens=cached_tokens,
    )


def _parts(body: Mapping[str, Any], call: Call, model: Model) -> Iterator[Mapping[str, Any]]:
    contents = [(f"contents[{i}]", content) for i, content in enumerate(body["contents"])]
    if body.get("system_instruction"):
        contents.insert(0, ("system_instruction", body["system_instruction"]))
    images = 0
    for path, content in contents:
        # Vertex wants every turn's role spelled out.
        implied = "" if call.vertex and path != "system_instruction" else "user"
        if content.get("role", implied) not in {"user", "model", "system"}:
            raise Refusal(400, "Please use a valid role: user, model.")
        if not content.get("parts"):
            _refuse(f"{path}.parts", "contents.parts must not be empty.")
        for position, part in enumerate(content["parts"]):
            _check_part(part, f"{path}.parts[{position}]", call, model)
            images += _is_picture(part)
            yield part
    if images > _MAX_IMAGES[call.vertex]:
        raise Refusal(
            400, f"{images} images in one request; the limit is {_MAX_IMAGES[call.vertex]}."
        )


def _is_picture(part: Mapping[str, Any]) -> bool:
    return "inline_data" in part or "file_data" in part


def _check_part(part: Mapping[str, Any], path: str, call: Call, model: Model) -> None:
    if sum(kind in part for kind in ("text", "inline_data", "file_data")) != 1:
        _refuse(f"{path}.data", "required oneof field 'data' must have one initialized field")
    if "media_resolution" in part and not model.per_part_media_resolution:
        raise Refusal(400, f"Media resolution per part is not supported for {model.name}.")
    if "text" in part:
        return
    kind = "inline_data" if "inline_data" in part else "file_data"
    blob = part[kind]
    if not blob.get("mime_type"):
        _refuse(f"{path}.{kind}.mime_type", "must be specified")
    if blob["mime_type"].lower() not in _MIME_TYPES:
        raise Refusal(400, f"Unsupported MIME type: {blob['mime_type']}")
    if call.vertex and len(blob.get("data", b"")) > _VERTEX_IMAGE_BYTES:
        size = len(blob["data"])
        raise Refusal(
            400, f"{path} has {size} bytes; the limit is {_VERTEX_IMAGE_BYTES} per image."
        )


def _captions(parts: list[Mapping[str, Any]]) -> dict[int, Caption]:
    """For pictures (by position among the parts) the text part before them, where it is theirs."""
    found = {}
    for position in range(1, len(parts)):
        if _is_picture(parts[position]) and "text" in parts[position - 1]:
            caption = read_caption(parts[position - 1]["text"])
            if caption:
                found[position] = caption
    return found


def _texts(parts: list[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """By position those that say anything of the question."""
    for place, part in enumerate(parts):
        if "text" in part and not is_after_examples(part["text"]):
            yield place, part["text"]


def _examples(parts: list[Mapping[str, Any]]) -> frozenset[int]:
    """The positions of pictures that are not asked about."""
    return frozenset(
        place
        for place, (before, one) in enumerate(pairwise(parts), start=1)
        if _is_picture(one) and is_example(before.get("text", ""))
    )


def _pictures(
    parts: list[Mapping[str, Any]],
    captions: Mapping[int, Caption],
    examples: frozenset[int],
    *,
    config: Mapping[str, Any],
    model: Model,
    objects: Mapping[str, bytes],
) -> Iterator[tuple[int, SentPicture]]:
    """By position; examples have no numbers."""
    for_all = resolution_of(config.get("media_resolution"), model)
    count = 0
    for position, part in enumerate(parts):
        if _is_picture(part):
            count += position not in examples
            own = resolution_of((part.get("media_resolution") or {}).get("level"), model)
            named = part.get("file_data")
            data = objects[named["file_uri"]] if named else part["inline_data"].get("data") or b""
            sha256 = hashlib.sha256(data).hexdigest()
            caption = captions.get(position, Caption((count,)))
            yield (
                position,
                SentPicture(
                    data, sha256, own or for_all, caption.numbers, caption.grid, caption.word
                ),
            )


def _with_told_schema(settings: GenerationSettings, told: ToldForm) -> GenerationSettings:
    """A schema that the prompt tells guides the model as one of the settings would."""
    if settings.schema is not None or not isinstance(told.schema, Mapping):
        return settings
    return replace(settings, schema=from_json_schema(told.schema))


def resolution_of(name: str | None, model: Model) -> MediaResolution | None:
    """The media resolution that a request names, None for the model's default.

    Raises:
      Refusal: 400, the model does not offer it.
    """
    level = (name or "").removeprefix("MEDIA_RESOLUTION_").lower()
    if level in {"", "unspecified"}:
        return None
    resolution = MediaResolution(level)
    if resolution not in model.media_resolutions:
        raise Refusal(400, f"Media resolution {name} is not supported for {model.name}.")
    return resolution


def _refuse(path: str, text: str) -> None:
    raise bad_fields([(path, f"* GenerateContentRequest.{path}: {text}")])
