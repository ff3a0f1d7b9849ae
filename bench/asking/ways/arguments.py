"""What every way is told, in the same words."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

MODEL = "gemini-3.1-flash-lite"
PROMPT = "Which category fits this picture best?"
LABELS = ["landscape", "city", "animal", "people", "abstract", "document"]


def arguments() -> argparse.Namespace:
    """`pictures` (a folder), `out` (a folder), `url`, `in_flight`, `pack`, `timeout_s`."""
    parser = argparse.ArgumentParser()
    for name, kind in (
        ("pictures", Path),
        ("out", Path),
        ("url", str),
        ("in_flight", int),
        ("pack", int),
        ("timeout_s", float),
    ):
        parser.add_argument(f"--{name}", type=kind, required=True)
    found = parser.parse_args()
    found.out.mkdir(parents=True, exist_ok=True)
    return found


def deliver(out: Path, answers: dict[str, str]) -> None:
    """Leave what was answered where the bench counts it."""
    (out / "answers.json").write_text(json.dumps(answers))
