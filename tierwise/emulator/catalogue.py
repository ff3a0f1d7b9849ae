"""The models of the Developer API as `models.get` and `models.list` show them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from tierwise.emulator.refusals import Refusal
from tierwise.errors import ModelError
from tierwise.models import Model, all_models, check_alive, find_model

_PATH = re.compile(r"/(?:v1|v1beta|v1alpha)/models(?:/(?P<model>[^/:]+))?")


def models_document(path: str, on: date) -> dict[str, Any]:
    """The reply of a GET to `path`: one model, or all that are served on that day.

    Raises:
      Refusal: 404, the path or the model does not exist.
    """
    found = _PATH.fullmatch(path)
    if not found:
        raise Refusal(404, f"Method not found: the emulator serves no GET {path}.")
    if found["model"] is None:
        return {"models": [_shown(model) for model in all_models() if _is_served(model, on)]}
    try:
        model = find_model(found["model"])
    except ModelError as error:
        raise Refusal(404, f"models/{found['model']} is not found.") from error
    if not _is_served(model, on):
        raise Refusal(404, f"models/{model.name} is not found.")
    return _shown(model)


def _is_served(model: Model, on: date) -> bool:
    try:
        check_alive(model, on)
    except ModelError:
        return False
    return True


def _shown(model: Model) -> dict[str, Any]:
    return {
        "name": f"models/{model.name}",
        "version": model.version,
        "displayName": f"{model.name} (emulated)",
        "inputTokenLimit": model.context_tokens,
        "outputTokenLimit": model.max_output_tokens,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": model.default_thinking != "off" or bool(model.thinking_levels),
    }
