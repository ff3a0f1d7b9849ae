"""The tutorial: a pool of threads around google-genai's blocking client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from google.genai import errors, types

from bench.asking.ways.arguments import MODEL, PROMPT, arguments, deliver
from bench.asking.ways.documented import CONFIG, client_for


def main() -> None:
    given = arguments()
    client = client_for(given)
    answers: dict[str, str] = {}

    def ask(path: Path) -> None:
        image = types.Part.from_bytes(data=path.read_bytes(), mime_type="image/jpeg")
        try:
            reply = client.models.generate_content(
                model=MODEL, contents=[PROMPT, image], config=CONFIG
            )
        except (errors.APIError, httpx2.HTTPError):
            return
        answers[path.name] = reply.text or ""

    with ThreadPoolExecutor(given.in_flight) as pool:
        list(pool.map(ask, sorted(given.pictures.iterdir())))
    deliver(given.out, answers)


if __name__ == "__main__":
    main()
