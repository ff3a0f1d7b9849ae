"""What scripts around google-genai have in common: its client and settings, as documented."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from google import genai
from google.genai import errors, types

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments, deliver

CONFIG = types.GenerateContentConfig(
    response_mime_type="text/x.enum",
    response_schema={"type": "STRING", "enum": LABELS},
    media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
    max_output_tokens=32,
)


def client_for(given: argparse.Namespace) -> genai.Client:
    """A client with the SDK's own retries."""
    return genai.Client(
        api_key="x",
        http_options=types.HttpOptions(
            base_url=given.url,
            api_version="v1beta",
            timeout=round(given.timeout_s * 1000),
            retry_options=types.HttpRetryOptions(attempts=5, initial_delay=1.0),
        ),
    )


async def ask_about_all(jpeg_of: Callable[[Path], Awaitable[bytes]]) -> None:
    """Ask about every picture of the folder, as many at a time as there are slots."""
    given = arguments()
    client = client_for(given)
    slots = asyncio.Semaphore(given.in_flight)
    answers: dict[str, str] = {}

    async def ask(path: Path) -> None:
        async with slots:
            image = types.Part.from_bytes(data=await jpeg_of(path), mime_type="image/jpeg")
            try:
                reply = await client.aio.models.generate_content(
                    model=MODEL, contents=[PROMPT, image], config=CONFIG
                )
            except (errors.APIError, TimeoutError, OSError):
                return
            answers[path.name] = reply.text or ""

    await asyncio.gather(*(ask(path) for path in sorted(given.pictures.iterdir())))
    await client.aio.aclose()
    deliver(given.out, answers)
