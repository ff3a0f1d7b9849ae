"""Daft's prompt() as it serves best: `.into_batches(1)`, and google-genai's own retries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import daft
from daft import col
from daft.ai.google.provider import GoogleProvider
from daft.functions import prompt
from pydantic import BaseModel

from bench.asking.ways.arguments import MODEL, PROMPT, arguments, deliver


class Out(BaseModel):
    label: str
    confidence: float


def ask_about_all(picture: Callable[[daft.Expression], daft.Expression]) -> None:
    """Ask about every file of the folder: what `picture` makes of its bytes."""
    given = arguments()
    provider = GoogleProvider(
        name="g",
        api_key="x",
        http_options={
            "base_url": given.url,
            "timeout": round(given.timeout_s * 1000),
            "retry_options": {"attempts": 5},
        },
    )
    paths = [str(path) for path in sorted(given.pictures.iterdir())]
    frame = daft.from_pydict({"path": paths}).into_batches(1)
    frame = frame.with_column("picture", picture(col("path").download()))
    asked = prompt(
        [daft.lit(PROMPT), col("picture")],
        return_format=Out,
        provider=provider,
        model=MODEL,
        media_resolution="MEDIA_RESOLUTION_LOW",
        on_error="ignore",
    )
    rows = frame.with_column("answer", asked).select("path", "answer").to_pydict()
    pairs = zip(rows["path"], rows["answer"], strict=True)
    deliver(given.out, {Path(path).name: (found or {}).get("label", "") for path, found in pairs})


if __name__ == "__main__":
    ask_about_all(lambda data: data)
