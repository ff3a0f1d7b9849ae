"""Models as the real client lists them."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import errors


def test_models_are_listed_and_got(emulator: Any) -> None:
    client = emulator.developer()
    names = {model.name for model in client.models.list()}
    assert "models/gemini-3.1-flash-lite" in names
    assert "models/gemini-3-pro-image" in names  # it draws
    assert "models/gemini-3-pro-preview" not in names  # shut down
    model = client.models.get(model="gemini-3.1-flash-lite")
    assert (model.input_token_limit, model.output_token_limit) == (1_048_576, 65_536)


@pytest.mark.parametrize("name", ["gemini-9", "gemini-3-pro-preview"])
def test_other_models_are_not_found(emulator: Any, name: str) -> None:
    client = emulator.developer()
    with pytest.raises(errors.ClientError) as refused:
        client.models.get(model=name)
    assert refused.value.code == 404


def test_other_paths_are_not_found(emulator: Any) -> None:
    status, reply, _ = emulator.send("/v9/models", method="GET")
    assert (status, reply["error"]["status"]) == (404, "NOT_FOUND")
