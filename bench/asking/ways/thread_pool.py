"""The tutorial: a pool of threads around google-genai's blocking client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from google import genai
from google.genai import errors, types

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments, deliver


def main() -> None:
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
    answers: dict[str, str] = {}

    def ask(path: Path) -> None:
        image = types.Part.from_bytes(data=path.read_bytes(), mime_type="image/jpeg")
        try:
            reply = client.models.generate_content(
                model=MODEL, contents=[PROMPT, image], config=config
            )
        except (errors.APIError, httpx2.HTTPError):
            return
        answers[path.name] = reply.text or ""

    with ThreadPoolExecutor(given.in_flight) as pool:
        list(pool.map(ask, sorted(given.pictures.iterdir())))
    deliver(given.out, answers)


if __name__ == "__main__":
    main()
