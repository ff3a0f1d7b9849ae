"""The request messages: which fields exist and what each holds.

A field's kind is a scalar (`string`, `bytes`, `int`, `float`, `bool`), `any` JSON, a key of
`ENUMS` or a key of `MESSAGES`; `*` marks a repeated field and `{}` a map from strings.
Fields that the emulator knows but cannot serve stand in `UNSERVED`: they are answered 501, never
ignored. Source: the REST references of both APIs, and what google-genai 3.4 sends.
"""

from __future__ import annotations

_RESOLUTIONS = ("UNSPECIFIED", "LOW", "MEDIUM", "HIGH")

ENUMS: dict[str, tuple[str, ...]] = {
    "GenerationConfig.MediaResolution": tuple(f"MEDIA_RESOLUTION_{name}" for name in _RESOLUTIONS),
    "PartMediaResolution.Level": tuple(
        f"MEDIA_RESOLUTION_{name}" for name in (*_RESOLUTIONS, "ULTRA_HIGH")
    ),
    "ThinkingConfig.ThinkingLevel": (
        "THINKING_LEVEL_UNSPECIFIED",
        "MINIMAL",
        "LOW",
        "MEDIUM",
        "HIGH",
        "XHIGH",
    ),
    "ServiceTier": ("UNSPECIFIED", "STANDARD", "FLEX", "PRIORITY"),
    "Type": (
        "TYPE_UNSPECIFIED",
        "STRING",
        "NUMBER",
        "INTEGER",
        "BOOLEAN",
        "ARRAY",
        "OBJECT",
        "NULL",
    ),
    "Modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"),
}

MESSAGES: dict[str, dict[str, str]] = {
    "GenerateContentRequest": {
        "model": "string",
        "contents": "Content*",
        "system_instruction": "Content",
        "generation_config": "GenerationConfig",
        "safety_settings": "SafetySetting*",
        "service_tier": "ServiceTier",
        "labels": "string{}",
        "store": "bool",
        "tools": "any",
        "tool_config": "any",
        "cached_content": "string",
        "continuation_token": "string",
    },
    "CachedContent": {
        "model": "string",
        "contents": "Content*",
        "system_instruction": "Content",
        "tools": "any",
        "tool_config": "any",
        "display_name": "string",
        "ttl": "string",
        "expire_time": "string",
    },
    "CountTokensRequest": {
        "model": "string",
        "contents": "Content*",
        "generate_content_request": "GenerateContentRequest",
        "system_instruction": "Content",
        "generation_config": "GenerationConfig",
        "tools": "any",
    },
    "Content": {"role": "string", "parts": "Part*"},
    "Part": {
        "text": "string",
        "inline_data": "Blob",
        "media_resolution": "PartMediaResolution",
        "thought": "bool",
        "thought_signature": "bytes",
        "part_metadata": "any",
        "video_metadata": "any",
        "file_data": "FileData",
        "function_call": "any",
        "function_response": "any",
        "executable_code": "any",
        "code_execution_result": "any",
    },
    "FileData": {"mime_type": "string", "file_uri": "string", "display_name": "string"},
    "Blob": {"mime_type": "string", "data": "bytes", "display_name": "string"},
    "PartMediaResolution": {"level": "PartMediaResolution.Level", "num_tokens": "int"},
    "SafetySetting": {"category": "string", "threshold": "string", "method": "string"},
    "GenerationConfig": {
        "temperature": "float",
        "top_p": "float",
        "top_k": "float",
        "candidate_count": "int",
        "max_output_tokens": "int",
        "stop_sequences": "string*",
        "seed": "int",
        "presence_penalty": "float",
        "frequency_penalty": "float",
        "response_logprobs": "bool",
        "logprobs": "int",
        "response_mime_type": "string",
        "response_schema": "Schema",
        "response_json_schema": "any",
        "response_modalities": "Modality*",
        "media_resolution": "GenerationConfig.MediaResolution",
        "thinking_config": "ThinkingConfig",
        "speech_config": "any",
        "image_config": "ImageConfig",
    },
    "ImageConfig": {
        "aspect_ratio": "string",
        "image_size": "string",
        "person_generation": "string",
        "prominent_people": "string",
        "image_output_options": "any",
    },
    "ThinkingConfig": {
        "include_thoughts": "bool",
        "thinking_budget": "int",
        "thinking_level": "ThinkingConfig.ThinkingLevel",
    },
    "Schema": {
        "type": "Type",
        "format": "string",
        "title": "string",
        "description": "string",
        "nullable": "bool",
        "default": "any",
        "example": "any",
        "enum": "string*",
        "items": "Schema",
        "min_items": "int",
        "max_items": "int",
        "properties": "Schema{}",
        "property_ordering": "string*",
        "required": "string*",
        "min_properties": "int",
        "max_properties": "int",
        "minimum": "float",
        "maximum": "float",
        "min_length": "int",
        "max_length": "int",
        "pattern": "string",
        "any_of": "Schema*",
    },
}

UNSERVED: dict[str, frozenset[str]] = {
    "GenerateContentRequest": frozenset({"tools", "tool_config", "continuation_token"}),
    "CountTokensRequest": frozenset({"tools"}),
    "CachedContent": frozenset({"tools", "tool_config"}),
    "Part": frozenset(
        {
            "function_call",
            "function_response",
            "executable_code",
            "code_execution_result",
            "video_metadata",
        }
    ),
    "PartMediaResolution": frozenset({"num_tokens"}),
    "GenerationConfig": frozenset(
        {"response_logprobs", "logprobs", "speech_config", "stop_sequences"}
    ),
    "ImageConfig": frozenset({"person_generation", "prominent_people", "image_output_options"}),
}


def fields_of(message: str, *, vertex: bool, version: str) -> dict[str, str]:
    """The fields of `message` that an API and version know."""
    fields = MESSAGES[message]
    if message == "ImageConfig" and not vertex:
        # google-genai 3.6.1 sends the others to Vertex AI alone.
        return {name: fields[name] for name in ("aspect_ratio", "image_size")}
    if message == "Part" and version == "v1":
        # Media resolution per part has been seen on v1beta, v1alpha and v1beta1 only.
        return {name: kind for name, kind in fields.items() if name != "media_resolution"}
    if message == "GenerateContentRequest" and vertex:
        # Vertex takes the tier from a header; the body field is the Developer API's.
        return {
            name: kind for name, kind in fields.items() if name not in {"service_tier", "store"}
        }
    if message == "CountTokensRequest":
        own = {"system_instruction", "generation_config", "tools"}
        hidden = {"generate_content_request"} if vertex else own
        return {name: kind for name, kind in fields.items() if name not in hidden}
    return fields
