"""`tierwise run`, nothing left out."""

from __future__ import annotations

import argparse

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments
from tierwise.beam_pipeline.__main__ import command


def flags(given: argparse.Namespace) -> list[str]:
    """The command line of `tierwise`, with a tasks file beside the output."""
    tasks = given.out / "tasks.yaml"
    tasks.write_text(
        f"model: {MODEL}\ntasks:\n  category:\n    prompt: {PROMPT}\n"
        f"    labels: [{', '.join(LABELS)}]\n    media_resolution: low\n"
        f"    image: {{max_side: 768, quality: 85}}\n    images_per_request: {given.pack}\n"
    )
    return [
        "run",
        f"--input={given.pictures}",
        f"--tasks={tasks}",
        f"--output={given.out}",
        f"--gemini_endpoint={given.url}",
        f"--requests_in_flight={given.in_flight}",
        f"--request_timeout_s={given.timeout_s}",
    ]


if __name__ == "__main__":
    command(flags(arguments()))
