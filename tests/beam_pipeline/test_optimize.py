"""`tierwise optimize` leaves a small file and a row for every image, and asks nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from beam_pipeline.__main__ import main

ARCHIVE = Path(__file__).parents[2] / "examples" / "archive"

UNTIMED = {"milliseconds": 0}


@pytest.fixture
def shrink(tmp_path: Path) -> Callable[..., Path]:
    def run(images: Path, *flags: str, output: str = "small") -> Path:
        out = tmp_path / output
        assert main(["optimize", f"--input={images}", f"--output={out}", *flags]) == 0
        return out

    return run


def metrics(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(out / "metrics.parquet").read().to_pylist()
    return sorted(rows, key=lambda row: (row["uri"], row["page"]))


def small_files(out: Path) -> list[str]:
    files = {"metrics.parquet", "optimize.json"}
    found = (path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    return sorted(set(found) - files)


def test_every_image_of_the_archive_has_a_row_and_a_file(shrink: Callable[..., Path]) -> None:
    out = shrink(ARCHIVE, "--max_side=256")
    rows = metrics(out)
    written = sorted(row["output"] for row in rows if row["output"])
    assert written == small_files(out)
    assert len(rows) == 42
    assert len(written) == 41
    for name in written:
        with Image.open(out / name) as picture:
            assert max(picture.size) <= 256
            assert not picture.getexif()
    totals = json.loads((out / "optimize.json").read_text("utf-8"))
    assert sum(one["images"] + one["failures"] for one in totals["formats"].values()) == 42
    assert totals["skipped_files"] == 2


@pytest.mark.parametrize(
    "flag", ["--direct_runner_bundle_repeat=1", "--direct_running_mode=multi_threading"]
)
def test_a_running_mode_changes_nothing(
    flag: str, photos: Callable[..., Path], shrink: Callable[..., Path]
) -> None:
    folder = photos(6)
    plain, other = shrink(folder, output="plain"), shrink(folder, flag, output="other")
    assert small_files(plain) == small_files(other)
    timeless = [[{**row, **UNTIMED} for row in metrics(out)] for out in (plain, other)]
    assert timeless[0] == timeless[1]
    assert [row["uri"] for row in timeless[0]] == [f"{folder}/{n:03}.jpg" for n in range(6)]
    for name in small_files(plain):
        assert (plain / name).read_bytes() == (other / name).read_bytes()


def test_names_that_would_meet_are_kept_apart(
    draw: Callable[..., bytes], tmp_path: Path, shrink: Callable[..., Path]
) -> None:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    names = ["a.jpg", "a.JPG", "A.webp", "a.tif", "below/a.jpg"]
    for number, name in enumerate(names):
        form = {"webp": "WEBP", "tif": "TIFF"}.get(name.rpartition(".")[2], "JPEG")
        (folder / name).write_bytes(draw(number, form=form))
    out = shrink(folder)
    assert len({name.casefold() for name in small_files(out)}) == len(names)
    assert sorted(row["output"] for row in metrics(out)) == small_files(out)
    assert "below/a.jpg" in small_files(out)


def test_its_own_output_is_no_input(
    photos: Callable[..., Path], shrink: Callable[..., Path]
) -> None:
    folder = photos(3)
    for _ in range(2):
        out = shrink(folder, output="photos/small")
        assert len(metrics(out)) == len(small_files(out)) == 3


def test_a_folder_without_pictures_leaves_an_empty_table(
    tmp_path: Path, shrink: Callable[..., Path]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    out = shrink(tmp_path / "photos")
    assert metrics(out) == []
    assert small_files(out) == []
