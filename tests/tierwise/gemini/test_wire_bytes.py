"""What goes over the wire for both services, byte by byte, against golden files.

After a wanted change, write them anew and read the difference:

    python tests/tierwise/gemini/test_wire_bytes.py --regenerate
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tierwise.answerer import ServiceKind
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.images.picture import Picture
from tierwise.records import MediaResolution, Page, ServiceTier
from tierwise.references import reference_to
from tierwise.tasks import load_tasks
from tierwise.wording import render

GOLDEN = Path(__file__).parent / "golden"
HEADERS = ["Authorization", "Content-Type", "x-goog-api-key", "X-Vertex-AI-LLM-Shared-Request-Type"]
TASKS = load_tasks(
    """
model: gemini-3.1-flash-lite
tasks:
  category:
    prompt: Which category fits {filename} best?
    labels: [landscape, city]
    images_per_request: 3
  named:
    prompt: Which category fits {filename} best?
    labels: [landscape, city]
    images_per_request: 3
    image: {send: reference}
  theme:
    per: folder
    prompt: Which theme do they share?
    labels: [landscape, city]
""",
    path="tasks.yaml",
)
LOW, HIGH = MediaResolution.LOW, MediaResolution.HIGH
CASES = {
    f"{service}-{name}": (service, task, images, tier)
    for service in ("developer", "vertex")
    for name, task, images, tier in (
        ("single", "category", [LOW], ServiceTier.STANDARD),
        ("packed-flex", "category", [LOW] * 3, ServiceTier.FLEX),
        ("packed-mixed", "category", [LOW, HIGH], ServiceTier.STANDARD),
        ("group", "theme", [LOW] * 3, ServiceTier.STANDARD),
        ("reference", "named", [LOW, HIGH], ServiceTier.STANDARD),
    )
    if (service, name) != ("developer", "reference")
}


def ask(name: str, number: int, resolution: MediaResolution) -> Ask:
    task = TASKS.task(name)
    task = replace(task, route=replace(task.route, media_resolution=resolution))
    data = f"picture {number}".encode()
    picture = Picture(
        data, "image/jpeg", 4, 3, 4, 3, "jpeg", len(data), False, True, False, False, 0.0, None
    )
    prompt = render(task, filename=f"{number}.jpg", columns={}, answers={})
    if task.route.image.by_reference:
        named = reference_to(f"gs://archive/a b/{number}#.jpg", 9, "")
        return Ask(f"id{number}", f"md5:{number}", task, Page(), prompt, reference=named)
    return Ask(f"id{number}", f"sha256:{number}", task, Page(), prompt, picture)


def sent(kind: str, task: str, images: list[MediaResolution], tier: ServiceTier) -> str:
    """The request as a server got it: path, the headers that matter, and the body's text."""
    seen: list[dict[str, Any]] = []

    async def keep(request: web.Request) -> web.Response:
        headers = {name: request.headers[name] for name in HEADERS if name in request.headers}
        body = await request.text()
        seen.append({"path": request.path_qs, "headers": headers, "body": body})
        return web.json_response({})

    async def run() -> None:
        application = web.Application()
        application.router.add_post("/{path:.*}", keep)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = "http://{}:{}".format(*runner.addresses[0][:2])
        vertex = Service(ServiceKind.VERTEX, url, project="p")
        client = GeminiClient(vertex if kind == "vertex" else Service(ServiceKind.EMULATOR, url))
        asks = [ask(task, *one) for one in enumerate(images, start=1)]
        await client.send(TASKS.tasks[0].route.model, compose(asks).body, tier)
        await client.close()
        await runner.cleanup()

    asyncio.run(run())
    (request,) = seen
    # Beside the exact text, the same indented, so that people can read a difference.
    return json.dumps({**request, "read": json.loads(request["body"])}, indent=2) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_are_those_of_the_golden_file(name: str) -> None:
    golden = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert sent(*CASES[name]) == golden, f"golden/{name}.json differs; see how to regenerate above"


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


if __name__ == "__main__":
    if sys.argv[1:] != ["--regenerate"]:
        sys.exit(__doc__)
    GOLDEN.mkdir(exist_ok=True)
    for case, settings in CASES.items():
        (GOLDEN / f"{case}.json").write_text(sent(*settings), encoding="utf-8")
