"""One finished run for all tests of exports: two pages, hostile names and labels, a broken file."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import EmulatedGemini
from tierwise.beam_pipeline.__main__ import main

NAMES = (
    "=cmd|' /C calc'!A0.jpg",
    '"quoted", comma.jpg',
    "two\n=1;=2.jpg",
    "a <b> & ]]>.jpg",
    "@sum/+1.jpg",
    "étoile 海.jpg",
)
NOT_UTF_8 = os.fsdecode(b"caf\xe9.jpg")
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright]}
  hues: {prompt: "Which colours?", labels: [red, green, "blue; or so"], multiple: true}
  text: {prompt: "Is there text?", labels: ["yes", "no"]}
  kind: {prompt: "What is shown?", labels: kinds.csv}
  said: {prompt: "Name it.", text: {max_length: 30}}
  found:
    prompt: What is there?
    schema: {type: object, properties: {thing: {type: string}, sure: {type: boolean}}}
  never: {when: shade != shade, prompt: Name it., text: {max_length: 20}}
"""
KINDS = """label,id,parent
=1+1,k0,
either/or,k1,=1+1
a|b & <c>,k2,=1+1
"""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., bytes]) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for number, name in enumerate((*NAMES, NOT_UTF_8)):
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(draw(number))
    first, second = (Image.new("RGB", (90, 60), (shade, 90, 40)) for shade in (10, 250))
    first.save(folder / "pages.tif", save_all=True, append_images=[second])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
        names = [*NAMES, r"caf\xe9.jpg", "pages.tif", "broken.jpg"]
        rows = [(name, ("=2+2", "a;=3+3")[n % 2], "dark") for n, name in enumerate(names)]
        csv.writer(file).writerows([("uri", "note", "Shade"), *rows])
    return folder


@pytest.fixture(scope="session")
def output(
    archive: Path, tmp_path_factory: pytest.TempPathFactory, running_gemini: EmulatedGemini
) -> Path:
    """What the run left; tests that change it take a copy (`copied`)."""
    place = tmp_path_factory.mktemp("run")
    (place / "kinds.csv").write_text(KINDS, "utf-8")
    (place / "tasks.yaml").write_text(TASKS, "utf-8")
    words = [f"--input={archive / 'list.csv'}", f"--tasks={place / 'tasks.yaml'}"]
    flags = [f"--output={place / 'out'}", f"--gemini_endpoint={running_gemini.url}"]
    assert main(["run", *words, *flags]) == 0
    return place / "out"


@pytest.fixture
def copied(output: Path, tmp_path: Path) -> Path:
    return shutil.copytree(output, tmp_path / "out")


@pytest.fixture
def export(output: Path, tmp_path: Path) -> Callable[..., Path]:
    """Exports the run of the tests into a folder of the test."""

    def run(to: str, *flags: str, status: int = 0) -> Path:
        into = tmp_path / "exported"
        words = [f"--output={output}", f"--to={to}", f"--into={into}"]
        assert main(["export", *words, *flags]) == status
        return into

    return run


@pytest.fixture(scope="session")
def wide(output: Path) -> list[dict[str, Any]]:
    """The run's pictures by their names, as the exports have to have them."""
    rows: list[dict[str, Any]] = pq.read_table(output / "wide").to_pylist()
    return sorted(rows, key=lambda row: (row["uri"].encode(), row["page"]))


@pytest.fixture(scope="session")
def answers(output: Path) -> dict[tuple[str, int, str], dict[str, Any]]:
    """All rows of answers by picture and task."""
    return {
        (row["uri"], row["page"], path.parent.name.removeprefix("task=")): row
        for path in output.glob("answers/task=*/*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
    }
