"""An archive that a local model learns quickly, and a network that is quicker still."""

from __future__ import annotations

import io
import json
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from PIL import Image

from tierwise.journal.local_files import LocalFiles
from tierwise.local.onnx_file import Graph
from tierwise.local.roles import roles_for

LABELS = ("acid", "base", "salt")
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: Which of these is it most like?
    labels: [acid, base, salt]
    images_per_request: 8
    local: {differ: 0.1, confidence: 0.9}
"""
_SIDE = 8


def picture(number: int, seed: int = 0) -> bytes:
    """Nine patches of colour, smoothly joined, as a PNG of 32 px: the same for the same number."""
    drawn = random.Random(f"{seed}-{number}")
    patches = bytes(drawn.randrange(256) for _ in range(27))
    image = Image.frombytes("RGB", (3, 3), patches).resize((32, 32), Image.Resampling.BICUBIC)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def fill(folder: Path, count: int, first: int = 0) -> Path:
    """A folder with so many pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / f"{number:05}.png").write_bytes(picture(number))
    return folder


def draw_roles(output: Path, pictures: int = 1_000, since: str = "") -> None:
    """Who learns and who examines in an output to be: the same each time, where luck is no help.

    `since` is the run that draws them, by which it is told what people said before.
    """
    roles = roles_for(pictures, Decimal("0.1"), "5eed")
    assert roles
    LocalFiles(str(output / "journal")).choose_roles(replace(roles, since=since))


def network(folder: Path) -> Path:
    """A model whose features are the pixels of a picture at 8 px, for `--embedder`."""
    graph = Graph("pixels", ["batch", 3, _SIDE, _SIDE])
    flat = graph.node("Flatten", ["pixels"], "features", axis=1)
    path = folder / "pixels.onnx"
    path.write_bytes(graph.file(flat, ["batch", 3 * _SIDE * _SIDE]))
    settings = {"size": _SIDE, "mean": [0.5, 0.5, 0.5], "scale": [0.25, 0.25, 0.25]}
    path.with_suffix(".json").write_text(json.dumps(settings))
    return path
