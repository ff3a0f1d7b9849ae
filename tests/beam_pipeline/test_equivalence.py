"""The job says what a plain loop over the same images says, whatever its packs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.tasks import load_tasks

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright, red, blue]
    images_per_request: {pack}
  plain:
    when: shade in ["dark", "blue"]
    prompt: Is the picture plain?
    labels: ["yes", "no"]
    media_resolution: high
    images_per_request: {pack}
  found:
    prompt: What is there?
    schema:
      type: object
      properties: {{thing: {{type: string, maxLength: 40}}, sure: {{type: boolean}}}}
      required: [thing, sure]
    images_per_request: {pack}
"""
LABELS = {"shade": ["dark", "bright", "red", "blue"], "plain": ["yes", "no"]}
LEVELS = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}


class PlainLoop:
    """Asks one image after another with the client of Google, as a short script would."""

    def __init__(self, url: str) -> None:
        options = types.HttpOptions(base_url=url, api_version="v1beta")
        self._client = genai.Client(api_key="any", http_options=options)
        self._tasks = load_tasks(TASKS.format(pack=1), path="tasks.yaml")

    def answers(self, folder: Path) -> dict[tuple[str, int, str], Any]:
        found: dict[tuple[str, int, str], Any] = {}
        for path in sorted(folder.iterdir()):
            uri = str(path)
            found[uri, 1, "shade"] = shade = self._label(path, "shade")
            if shade in ("dark", "blue"):
                found[uri, 1, "plain"] = self._label(path, "plain")
            reply = self._ask(path, "found", self._tasks.task("found").answer.value_schema())
            found[uri, 1, "found"] = json.loads(reply)
        return found

    def _label(self, path: Path, name: str) -> str:
        reply = self._ask(path, name, {"type": "string", "enum": LABELS[name]})
        label: str = json.loads(reply)
        return label

    def _ask(self, path: Path, name: str, schema: Mapping[str, Any]) -> str:
        task = self._tasks.task(name)
        picture = optimize(
            path.read_bytes(),
            name=path.name,
            page=1,
            settings=task.route.image,
            limits=Limits(),
        )
        image = types.Part.from_bytes(data=picture.data, mime_type=picture.mime_type)
        reply = self._client.models.generate_content(
            model=task.route.model,
            contents=[types.Content(role="user", parts=[types.Part(text=task.prompt), image])],
            config=types.GenerateContentConfig(
                response_mime_type="application/json",
                response_json_schema=schema,
                media_resolution=types.MediaResolution(LEVELS[task.route.media_resolution]),
            ),
        )
        return reply.text or ""


@pytest.mark.parametrize(("count", "pack"), [(1, 1), (1, 8), (7, 1), (7, 3), (16, 8), (20, 8)])
def test_the_job_equals_a_plain_loop(
    count: int, pack: int, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(count)
    finished = classify(folder, tasks=TASKS.format(pack=pack))
    alone = PlainLoop(gemini.url).answers(folder)
    assert finished.values == alone
    assert len({str(value) for value in alone.values()}) > 1 or count == 1
    assert not finished.failures
