"""What of labelled images fails together: pages of a file, a request, pictures that look alike."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.trials.alike import groups, in_groups
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.beam_pipeline.trials.observations import Left
from tierwise.journal.lines import read_lines, to_lines
from tierwise.storage.listing import Named
from tierwise.tasks import load_tasks

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
"""
# Of all routes here only this matters: they ask one question.
ROUTE = load_tasks(TASKS, path="tasks.yaml").task("shade").route
FILES = 12


def two_pages(first: bytes, second: bytes) -> bytes:
    pages = [Image.open(io.BytesIO(data)).convert("RGB") for data in (first, second)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    return buffer.getvalue()


@pytest.fixture
def calibrate(gemini: Any, tmp_path: Path, page: Callable[..., bytes]) -> Callable[[], int]:
    """Calibrates pages, the last of them two in a file, by packs of four."""
    for number in range(FILES):
        data = page(number, bright=True, written=False)
        name = f"{number:02}.jpg"
        if number == FILES - 1:
            name, data = "two.tif", two_pages(data, page(99, bright=True, written=False))
        (tmp_path / name).write_bytes(data)
    names = [f"{number:02}.jpg" for number in range(FILES - 1)] + ["two.tif"]
    lines = ["uri,shade", *(f"{name},bright" for name in names)]
    (tmp_path / "labels.csv").write_text("\n".join(lines), "utf-8")
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")

    def run() -> int:
        words = [f"--input={tmp_path}/labels.csv", f"--tasks={tmp_path}/tasks.yaml"]
        words += [f"--output={tmp_path}/out", "--routes=medium,low-x4", "--routing=task"]
        return main(["calibrate", *words, "--margin=0.3", f"--gemini_endpoint={gemini.url}"])

    return run


def units(folder: Path, route: str) -> list[list[str]]:
    """The names of the files that belong to each unit, those of a file as often as it has pages."""
    lines = (folder / "out/labelled.jsonl").read_text("utf-8").splitlines()
    images = [
        LabelledImage(Named(place, place), {"shade": "bright"})
        for place in (json.loads(line)["uri"] for line in lines)
    ]
    routes = dict.fromkeys(("medium", route), ROUTE)
    observed = Left(str(folder / "out")).observed("shade", routes, images)
    found: dict[str, list[str]] = defaultdict(list)
    places = sorted([image.named.path for image in images] + [f"{folder}/two.tif"])
    for place, one in zip(places, observed.by_route[route], strict=True):
        found[one.unit].append(Path(place).name)
    return sorted(found.values())


def test_pages_of_a_file_and_images_of_a_request_belong_together(
    calibrate: Callable[[], int], gemini: Any, tmp_path: Path
) -> None:
    # One reply cannot be used: its images are asked again, in halves, and belong together still.
    gemini.faults({"kind": "wrong_items", "count": 1})
    assert calibrate() == 0
    assert sorted(map(len, units(tmp_path, "medium"))) == [1] * (FILES - 1) + [2]
    packs = units(tmp_path, "low-x4")
    assert sum(map(len, packs)) == FILES + 1
    # Three packs and one picture that was left over, or one less where the file holds two together.
    assert len(packs) in (3, 4)
    assert max(map(len, packs)) >= 4

    # Early journals do not name requests: those that were asked again may be of any.
    for path in (tmp_path / "out/journal").rglob("*.jsonl"):
        entries = read_lines(path.read_bytes(), name=str(path)).entries
        old = [
            replace(one, answer=replace(one.answer, pack="")) if one.answer else one
            for one in entries
        ]
        path.write_bytes(to_lines(old))
    early = units(tmp_path, "low-x4")
    assert sum(map(len, early)) == FILES + 1
    assert len(early) > 1
    assert sorted(map(len, units(tmp_path, "medium"))) == [1] * (FILES - 1) + [2]


def shot(picture: Image.Image, step: int) -> bytes:
    """The picture as a camera takes it that moved a little, in other light."""
    width, height = picture.size
    moved = picture.crop((step, step, width - 12 + step, height - 12 + step))
    buffer = io.BytesIO()
    ImageEnhance.Brightness(moved).enhance(1 + step / 100).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def scene(number: int) -> Image.Image:
    """Something with soft shapes and grain, as a photograph has them."""
    random = np.random.default_rng(number)
    rough = Image.fromarray(random.integers(20, 236, (9, 12, 3), np.uint8))
    shapes = np.asarray(rough.resize((432, 324), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray(
        np.clip(shapes + random.integers(-9, 10, shapes.shape), 0, 255).astype("u1")
    )


def form(number: int) -> bytes:
    """A form with the same lines, filled in otherwise."""
    picture = Image.new("RGB", (700, 990), "white")
    pen = ImageDraw.Draw(picture)
    for line in range(60, 900, 60):
        pen.text((60, line), f"Line {line}", fill="black", font_size=28)
        pen.text((360, line), f"{hash((number, line)) % 10_000}", fill="black", font_size=28)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def test_pictures_that_were_taken_in_a_row_are_one_unit(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    pictures = {f"{number}.jpg": draw(number) for number in range(24)}
    pictures |= {f"form{number}.jpg": form(number) for number in range(6)}
    for burst in (7, 8):
        pictures |= {f"burst{burst}-{step}.jpg": shot(scene(burst), step) for step in range(3)}
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for name, data in pictures.items():
        (tmp_path / name).write_bytes(data)
    images = [
        LabelledImage(Named(name, f"{tmp_path}/{name}"), {}, f"sha256:{name}")
        for name in ["broken.jpg", *pictures]
    ]
    found, told = in_groups(images)
    grouped = defaultdict(set)
    for one in found:
        if one.unit:
            grouped[one.unit].add(one.named.uri)
    assert sorted(map(sorted, grouped.values())) == [
        [f"burst{burst}-{step}.jpg" for step in range(3)] for burst in (7, 8)
    ]
    assert told == (
        "6 of 37 labelled images lie in 2 groups of pictures that look alike; "
        "each group counts once"
    )
    assert in_groups(images[:5]) == (images[:5], "")


@given(st.lists(st.none() | st.integers(0, 2**64 - 1), max_size=12), st.randoms())
def test_groups_are_chains_of_pairs_that_are_alike(hashes: list[int | None], chance: Any) -> None:
    hashes = [one if one is None or chance.random() < 0.5 else one % 16 for one in hashes]
    pairs = {
        (first, second)
        for second, two in enumerate(hashes)
        for first, one in enumerate(hashes[:second])
        if one is not None and two is not None and (one ^ two).bit_count() <= 8
        if chance.random() < 0.5
    }
    found = groups(hashes, lambda first, second: (first, second) in pairs)
    # Whoever can be reached from a place, step by step.
    for place in range(len(hashes)):
        reached = {place}
        for _ in hashes:
            reached |= {b for a, b in pairs if a in reached} | {a for a, b in pairs if b in reached}
        assert found.get(place) == (min(reached) if len(reached) > 1 else None)
