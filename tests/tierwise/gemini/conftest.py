"""Questions as the job makes them, for tests of the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tierwise.gemini.settle import Ask
from tierwise.images.picture import Picture
from tierwise.records import Page, ServiceTier
from tierwise.tasks import load_tasks
from tierwise.wording import render, request_id

_TASKS = """
model: {model}
tasks:
  shade:
    prompt: How light is {{filename}}?
    labels: [dark, bright]
    media_resolution: {media_resolution}
    images_per_request: {pack}
    images_per_sheet: {sheet}
  found:
    prompt: What is there?
    schema:
      type: object
      properties: {{thing: {{type: string, maxLength: 40}}, sure: {{type: boolean}}}}
      required: [thing]
  theme:
    per: folder
    prompt: Which theme do they share?
    labels: [dark, bright]
    media_resolution: {media_resolution}
  named:
    prompt: A name for a picture that is {{shade}}.
    input: text
    text: {{max_length: 40}}
"""


@asynccontextmanager
async def _serving(handler: Any) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


@pytest.fixture(scope="session")
def serving() -> Any:
    """Serves every POST by one handler, while the body of `async with` runs; gives the address."""
    return _serving


@pytest.fixture(scope="session")
def ask_of(draw: Callable[..., bytes]) -> Callable[..., Ask]:
    """Builds the question about one picture."""

    def build(
        number: int = 0,
        *,
        task: str = "shade",
        model: str = "gemini-3.1-flash-lite",
        media_resolution: str = "low",
        pack: int = 8,
        sheet: int = 1,
        tier: ServiceTier = ServiceTier.STANDARD,
        data: bytes | None = None,
        **changed: Any,
    ) -> Ask:
        text = _TASKS.format(model=model, media_resolution=media_resolution, pack=pack, sheet=sheet)
        found = load_tasks(text, path="tasks.yaml").task(task)
        found = replace(found, route=replace(found.route, service_tier=tier))
        answers = {"shade": "dark"}
        prompt = render(found, filename=f"{number}.jpg", columns={}, answers=answers)
        content = f"sha256:{number:064x}"
        data = draw(number) if data is None else data
        picture = Picture(
            data,
            "image/jpeg",
            64,
            48,
            64,
            48,
            "jpeg",
            len(data),
            False,
            True,
            False,
            False,
            0,
            None,
        )
        return Ask(
            request_id=request_id(
                content_hash=content, page=1, task=found, prompt=prompt, route=found.route
            ),
            content_hash=content,
            task=found,
            page=Page(1, 1, 64, 48, "jpeg"),
            prompt=prompt,
            picture=picture if found.reads == "image" else None,
            **changed,
        )

    return build
