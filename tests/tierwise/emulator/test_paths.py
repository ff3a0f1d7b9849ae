"""Which paths and callers are let in."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import errors

from tierwise.emulator.paths import Call, read_path
from tierwise.emulator.refusals import Refusal

MODEL = "gemini-3.1-flash-lite"
DEVELOPER = f"/v1beta/models/{MODEL}:generateContent"
VERTEX = f"/v1/projects/p/locations/global/publishers/google/models/{MODEL}:generateContent"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_paths_are_read() -> None:
    assert read_path(DEVELOPER) == Call(False, "v1beta", MODEL, "generateContent")
    regional = read_path(VERTEX.replace("global", "us-central1").replace("v1", "v1beta1", 1))
    assert regional == Call(True, "v1beta1", MODEL, "generateContent", "p", "us-central1")
    assert regional.regional
    assert not read_path(VERTEX).regional


@pytest.mark.parametrize(
    "path",
    [
        f"/v2/models/{MODEL}:generateContent",
        f"/v1beta1/models/{MODEL}:generateContent",
        VERTEX.replace("/v1/", "/v1alpha/"),
        f"/v1beta/models/{MODEL}:drawPicture",
        f"/v1beta/{MODEL}:generateContent",
        "/",
    ],
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_path(path)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("path", "headers", "status", "name"),
    [
        (DEVELOPER, {"x-goog-api-key": ""}, 403, "PERMISSION_DENIED"),
        (DEVELOPER, {"x-goog-api-key": "invalid"}, 400, "INVALID_ARGUMENT"),
        (DEVELOPER, {"x-goog-api-key": "revoked"}, 400, "INVALID_ARGUMENT"),
        (VERTEX, {"x-goog-api-key": ""}, 401, "UNAUTHENTICATED"),
        (VERTEX, {"x-goog-api-key": "", "Authorization": "Bearer revoked"}, 401, "UNAUTHENTICATED"),
        (VERTEX, {"x-goog-api-key": "", "Authorization": "Bearer any"}, 200, ""),
        (f"{DEVELOPER}?key=any", {"x-goog-api-key": ""}, 200, ""),
    ],
)
def test_callers(emulator: Any, path: str, headers: dict[str, str], status: int, name: str) -> None:
    got, reply, _ = emulator.send(path, HELLO, headers=headers)
    assert got == status
    assert reply.get("error", {}).get("status", "") == name


def test_withdrawn_key_says_so(emulator: Any) -> None:
    _, reply, _ = emulator.send(DEVELOPER, HELLO, headers={"x-goog-api-key": "revoked"})
    assert reply["error"]["message"].startswith("API key not valid")
    assert reply["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize("model", ["gemini-9", "gemini-flash-latest", "gemini-3-pro-preview"])
def test_models_that_are_not_there(emulator: Any, model: str) -> None:
    for client in (emulator.developer(), emulator.vertex()):
        with pytest.raises(errors.ClientError) as refused:
            client.models.generate_content(model=model, contents="Hello")
        assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")
