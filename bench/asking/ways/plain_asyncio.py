"""A plain asyncio script: a semaphore around google-genai on aiohttp, as documented."""

from __future__ import annotations

import asyncio
from pathlib import Path

from google import genai
from google.genai import errors, types

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments, deliver


async def main() -> None:
    given = arguments()
    client = genai.Client(
        api_key="x",
        http_options=types.HttpOptions(
            base_url=given.url,
            api_version="v1beta",
            timeout=round(given.timeout_s * 1000),
            retry_options=types.HttpRetryOptions(attempts=5, initial_delay=1.0),
        ),
    )
    config = types.GenerateContentConfig(
        response_mime_type="text/x.enum",
        response_schema={"type": "STRING", "enum": LABELS},
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
        max_output_tokens=32,
    )
    slots = asyncio.Semaphore(given.in_flight)
    answers: dict[str, str] = {}

    async def ask(path: Path) -> None:
        async with slots:
            image = types.Part.from_bytes(data=path.read_bytes(), mime_type="image/jpeg")
            try:
                reply = await client.aio.models.generate_content(
                    model=MODEL, contents=[PROMPT, image], config=config
                )
            except (errors.APIError, TimeoutError, OSError):
                return
            answers[path.name] = reply.text or ""

    await asyncio.gather(*(ask(path) for path in sorted(given.pictures.iterdir())))
    await client.aio.aclose()
    deliver(given.out, answers)


if __name__ == "__main__":
    asyncio.run(main())
