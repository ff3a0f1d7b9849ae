"""CPU of one request with a picture of 40 KB, decoding and everything around it left out.

`python -m bench.asking.request_cpu`: ways take turns in one process against one stub; the figure is
the median CPU milliseconds of this process per request, over blocks of 400 requests, 64 in flight.
"""

from __future__ import annotations

import asyncio
import base64
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import orjson
from google import genai
from google.genai import types

from bench.asking.measuring import serving
from bench.asking.pictures import SIDE, make_pictures
from bench.asking.stub import Behaviour
from bench.asking.ways.arguments import LABELS, MODEL, PROMPT
from tierwise.answerer import ServiceKind
from tierwise.gemini.asker import Asker
from tierwise.gemini.billing import Billing
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Rule
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, Settled
from tierwise.images.picture import Picture
from tierwise.records import Page, ServiceTier
from tierwise.tasks import Task, load_tasks
from tierwise.wording import render, request_id

ROUNDS = int(os.environ.get("ROUNDS", "7"))
_REQUESTS = 400
_IN_FLIGHT = 64
_PACK = 8
_TASKS = f"""
model: {MODEL}
tasks:
  category:
    prompt: {PROMPT}
    labels: [{", ".join(LABELS)}]
    media_resolution: low
    images_per_request: {_PACK}
"""

Way = Callable[[int], Awaitable[object]]


async def measure(url: str, asks: Sequence[Ask]) -> None:
    """Print a line per way."""
    service = Service(ServiceKind.EMULATOR, url)
    client = GeminiClient(service)
    limiter = Limiter(requests_in_flight=_IN_FLIGHT, requests_per_minute=None, clock=Clock())
    asker = Asker(client, limiter, Gate(limiter, Rule()), Billing(service), _forget)
    docs = genai.Client(api_key="x", http_options=types.HttpOptions(base_url=url))
    model = asks[0].route.model

    def pack(number: int) -> Sequence[Ask]:
        at = number * _PACK % len(asks)
        return asks[at : at + _PACK]

    async with aiohttp.ClientSession() as session:
        ways: dict[str, tuple[Way, int]] = {
            "raw aiohttp and orjson": (lambda n: _raw(session, url, asks[n]), 1),
            "google-genai as documented": (lambda n: _documented(docs, asks[n]), 1),
            "our client": (
                lambda n: client.send(model, compose([asks[n]]).body, ServiceTier.STANDARD),
                1,
            ),
            "our asker": (lambda n: asker.ask([asks[n]]), 1),
            f"our asker, {_PACK} per request": (lambda n: asker.ask(pack(n)), _PACK),
        }
        spent = await _take_turns(ways)
    print("| way | ms per request | lowest to highest | ms per image |")
    print("| --- | --- | --- | --- |")
    for name, values in spent.items():
        middle = statistics.median(values)
        image = middle / ways[name][1]
        print(f"| {name} | {middle:.2f} | {min(values):.2f} to {max(values):.2f} | {image:.2f} |")
    await client.close()
    await docs.aio.aclose()


async def _take_turns(ways: dict[str, tuple[Way, int]]) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, (way, images) in ways.items():
            requests = _REQUESTS // images
            started = time.process_time()
            await _all(way, requests)
            if turn:  # the first opens connections
                spent[name].append((time.process_time() - started) * 1000 / requests)
    return spent


async def _all(way: Way, requests: int) -> None:
    numbers = iter(range(requests))

    async def one_after_another() -> None:
        for number in numbers:
            await way(number)

    await asyncio.gather(*(one_after_another() for _ in range(_IN_FLIGHT)))


async def _raw(session: aiohttp.ClientSession, url: str, ask: Ask) -> object:
    body = orjson.dumps(compose([ask]).body)
    path = f"{url}/v1beta/models/{MODEL}:generateContent"
    async with session.post(path, data=body, headers={"x-goog-api-key": "x"}) as reply:
        return orjson.loads(await reply.read())


async def _documented(client: genai.Client, ask: Ask) -> object:
    assert ask.picture
    return await client.aio.models.generate_content(
        model=MODEL,
        contents=[PROMPT, types.Part.from_bytes(data=ask.picture.data, mime_type="image/jpeg")],
        config=types.GenerateContentConfig(
            response_mime_type="text/x.enum",
            response_schema={"type": "STRING", "enum": LABELS},
            media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
        ),
    )


async def _forget(asks: Sequence[Ask], settled: Settled) -> None:
    """No journal: it is measured apart."""


def _ask(number: int, path: Path, task: Task) -> Ask:
    data = path.read_bytes()
    prompt = render(task, filename=path.name, columns={}, answers={})
    content = f"sha256:{number:064x}"
    key = request_id(content_hash=content, page=1, task=task, prompt=prompt, route=task.route)
    size = (SIDE, SIDE)
    picture = Picture(
        data, "image/jpeg", *size, *size, "jpeg", len(data), False, True, False, False, 0, None
    )
    return Ask(key, content, task, Page(1, 1, *size, "jpeg"), prompt, picture)


def main() -> None:
    """Set up a stub that answers after 100 ms, and pictures in memory."""
    folder = Path(tempfile.gettempdir()) / "asking_bench" / f"pictures-{_REQUESTS}"
    make_pictures(folder, _REQUESTS)
    task = load_tasks(_TASKS, path="tasks.yaml").task("category")
    asks = [_ask(number, path, task) for number, path in enumerate(sorted(folder.iterdir()))]
    mean = statistics.mean(len(base64.b64encode(ask.picture.data)) for ask in asks if ask.picture)
    print(f"{len(asks)} pictures, {mean * 3 / 4 / 1000:.1f} KB on average")
    with serving(Behaviour(mean_ms=100.0)) as url:
        asyncio.run(measure(url, asks))


if __name__ == "__main__":
    main()
