"""The generation settings of a request, checked as the service checks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.drawing_models import DEFAULT_SIZE, pixels
from tierwise.emulator.refusals import Refusal, bad_fields
from tierwise.emulator.schemas import ResponseSchema, from_json_schema, from_response_schema
from tierwise.errors import ModelError
from tierwise.models import Model

_ENUM = "text/x.enum"
_JSON = "application/json"
_MIME_TYPES = ("text/plain", _JSON, _ENUM)


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How to answer.

    `max_output_tokens` covers thoughts and text. `thinking_level` is lower-case; for a model that
    takes budgets, `thinking_budget` holds tokens: 0 is off, -1 is left to the model. `dialect` is
    the field that the schema came in, `responseSchema` or `responseJsonSchema`. With a
    `drawn_size`, a picture is asked for, of this size and `drawn_ratio`.
    """

    max_output_tokens: int
    bare_enum: bool = False
    schema: ResponseSchema | None = None
    thinking_level: str = ""
    thinking_budget: int | None = None
    include_thoughts: bool = False
    dialect: str = ""
    drawn_size: str = ""
    drawn_ratio: str = ""


def read_settings(config: Mapping[str, Any], model: Model) -> GenerationSettings:
    """The settings of a decoded `generationConfig`.

    Raises:
      Refusal: 400, a value is out of range or the model does not take it.
    """
    _check_ranges(config, model)
    size, ratio = _drawn(config, model)
    mime_type = config.get("response_mime_type") or "text/plain"
    schema = _read_schema(config, mime_type)
    thinking = config.get("thinking_config") or {}
    level = thinking.get("thinking_level", "").lower().replace("thinking_level_unspecified", "")
    budget = thinking.get("thinking_budget")
    _check_thinking(level, budget, model)
    return GenerationSettings(
        max_output_tokens=config.get("max_output_tokens") or model.max_output_tokens,
        bare_enum=mime_type == _ENUM,
        schema=schema,
        thinking_level=level,
        thinking_budget=budget,
        include_thoughts=bool(thinking.get("include_thoughts")),
        dialect=_dialect(config),
        drawn_size=size,
        drawn_ratio=ratio,
    )


def _check_ranges(config: Mapping[str, Any], model: Model) -> None:
    for name, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("candidate_count", 1, 1),
        ("max_output_tokens", 1, model.max_output_tokens),
    ):
        value = config.get(name)
        if value is not None and not low <= value <= high:
            _refuse(name, f"{name} is {value:g} but must be in the range [{low}, {high}].")
    drawn = {"IMAGE"} if model.image_output else set[str]()
    modalities = set(config.get("response_modalities", ())) - {"TEXT"} - drawn
    if modalities:
        _refuse("response_modalities", f"this model does not answer with {sorted(modalities)}.")


def _drawn(config: Mapping[str, Any], model: Model) -> tuple[str, str]:
    """Size and aspect ratio of the picture that is asked for; nothing where none is."""
    image = config.get("image_config")
    if not model.image_output:
        if image is not None:
            _refuse("image_config", f"image config is not supported for {model.name}.")
        return "", ""
    for name in ("response_schema", "response_json_schema"):
        if config.get(name) is not None:
            _refuse(name, f"structured output is not supported for {model.name}.")
    modalities = config.get("response_modalities") or ["TEXT", "IMAGE"]
    if "IMAGE" not in modalities:
        return "", ""
    size, ratio = (image or {}).get("image_size") or DEFAULT_SIZE, (image or {}).get("aspect_ratio")
    try:
        pixels(model.name, size, ratio or "")
    except ModelError as error:
        _refuse("image_config", str(error))
    return size, ratio or ""


def _read_schema(config: Mapping[str, Any], mime_type: str) -> ResponseSchema | None:
    if mime_type not in _MIME_TYPES:
        _refuse("response_mime_type", f"allowed mimetypes are {', '.join(_MIME_TYPES)}.")
    openapi, json_schema = config.get("response_schema"), config.get("response_json_schema")
    if openapi is None and json_schema is None:
        if mime_type == _ENUM:
            _refuse("response_schema", f"must hold a STRING enum when mimetype is {_ENUM}.")
        return None
    if openapi is not None and json_schema is not None:
        _refuse("response_json_schema", "response_schema must be unset when this is set.")
    if mime_type == "text/plain":
        _refuse("response_mime_type", f"must be {_JSON} or {_ENUM} when a schema is set.")
    schema = from_json_schema(json_schema) if openapi is None else from_response_schema(openapi)
    if mime_type == _ENUM and not (schema["type"] == "string" and schema.get("enum")):
        _refuse("response_schema", f"must hold a STRING enum when mimetype is {_ENUM}.")
    return schema


def _dialect(config: Mapping[str, Any]) -> str:
    if config.get("response_json_schema") is not None:
        return "responseJsonSchema"
    return "responseSchema" if config.get("response_schema") is not None else ""


def _check_thinking(level: str, budget: int | None, model: Model) -> None:
    if level and budget is not None:
        raise Refusal(
            400, "You can only set only one of thinking budget and thinking level, not both."
        )
    if level and not model.thinking_levels:
        raise Refusal(400, f"Thinking level is not supported for {model.name}.")
    if level and level not in model.thinking_levels:
        raise Refusal(
            400,
            f"Thinking level {level.upper()} is not supported for {model.name}. "
            f"Supported levels: {', '.join(name.upper() for name in model.thinking_levels)}.",
        )
    if budget is not None and budget < -1:
        raise Refusal(400, f"The thinking budget {budget} is invalid: -1, 0 or more tokens.")
    if budget == 0 and model.thinking_budget_off is None and not model.thinking_levels:
        raise Refusal(400, f"Budget 0 is invalid. {model.name} only works in thinking mode.")


def _refuse(name: str, text: str) -> None:
    path = f"generation_config.{name}"
    raise bad_fields([(path, f"* GenerateContentRequest.{path}: {text}")])
