"""`tierwise optimize` leaves a small file and a row for every image, and asks nobody."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tierwise.beam_pipeline.__main__ import main

ARCHIVE = Path(__file__).parents[2] / "examples" / "archive"

UNTIMED = {"milliseconds": 0}


@pytest.fixture
def shrink(tmp_path: Path) -> Callable[..., Path]:
    def run(images: Path, *flags: str, output: str = "small", status: int = 0) -> Path:
        out = tmp_path / output
        assert main(["optimize", f"--input={images}", f"--output={out}", *flags]) == status
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
    assert totals["skipped_files"] == {"not_pictures": 2}
    for name in ("images", "bytes_before", "bytes_after", "tokens_before", "tokens_after"):
        sums = [sum(one[name] for one in totals[part].values()) for part in ("formats", "kinds")]
        assert sums[0] == sums[1]
    assert {"photographs above 12 MP", "screenshots"} & totals["kinds"].keys()


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


@pytest.mark.parametrize(("quality", "larger"), [(95, 3), (5, 0)])
def test_files_that_became_larger_are_told(
    quality: int,
    larger: int,
    draw: Callable[..., bytes],
    tmp_path: Path,
    shrink: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        with Image.open(io.BytesIO(draw(number, form="PNG"))) as picture:
            coarse = picture.convert("RGB").resize((520, 390))
            coarse.save(tmp_path / "photos" / f"{number}.jpg", quality=8)
    out = shrink(tmp_path / "photos", f"--quality={quality}", "--max_side=512")
    found = json.loads((out / "optimize.json").read_text("utf-8"))
    said = " ".join(capsys.readouterr().out.split())
    assert found["formats"]["jpeg"]["larger"] == larger
    assert sum(row["sent_bytes"] > row["bytes"] for row in metrics(out)) == larger
    assert ("Shrinking saves upload" in said) is (not larger)
    assert ("Nothing was saved" in said) is bool(larger)
    if larger:
        [warning] = found["warnings"]
        assert warning.startswith("3 of 3 small files became larger")
        assert "coded more coarsely than the quality" in warning
        assert "lower --quality, or a larger --max_side" in warning
        assert f"Warning: {warning}" in said
    else:
        assert found["warnings"] == []


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


def test_a_folder_without_pictures_is_refused_and_leaves_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    assert main(["optimize", f"--input={tmp_path}/photos", f"--output={tmp_path}/small"]) == 2
    assert "no file that may be an image; 1 file skipped" in capsys.readouterr().err
    assert not (tmp_path / "small").exists()


def test_a_second_run_replaces_the_first_and_leaves_what_is_not_its_own(
    photos: Callable[..., Path], shrink: Callable[..., Path], tmp_path: Path
) -> None:
    out = shrink(photos(3, "photos/below"))
    (out / "mine.txt").write_text("kept")
    (out / "below").mkdir()
    out = shrink(photos(4, "photos/below").parent)
    assert small_files(out) == [*(f"below/{n:03}.jpg" for n in range(4)), "mine.txt"]
    (tmp_path / "photos" / "below" / "000.jpg").rename(tmp_path / "photos" / "first.jpg")
    for name in ("001", "002", "003"):
        (tmp_path / "photos" / "below" / f"{name}.jpg").unlink()
    out = shrink(tmp_path / "photos")
    assert small_files(out) == ["first.jpg", "mine.txt"]
    assert [row["output"] for row in metrics(out)] == ["first.jpg"]
    assert not (out / "below").exists()
    assert not list(out.glob(".*"))


def test_pictures_that_no_run_wrote_are_neither_replaced_nor_deleted(
    photos: Callable[..., Path], shrink: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "000.jpg").write_bytes(b"somebody else's")
    for _ in range(2):
        out = shrink(photos(2))
        written = sorted(row["output"] for row in metrics(out))
        assert len(written) == 2
        assert small_files(out) == sorted(["000.jpg", *written])
        assert (out / "000.jpg").read_bytes() == b"somebody else's"


def test_names_that_are_too_long_or_are_folders_have_a_way_out(
    draw: Callable[..., bytes], tmp_path: Path, shrink: Callable[..., Path]
) -> None:
    folder = tmp_path / "photos"
    (folder / "a.jpg").mkdir(parents=True)
    names = ["a.jpg/b.png", "a.png", "x" * 255, "x" * 251 + ".png", "c.page-0001.png", "c.tif"]
    for number, name in enumerate(names):
        (folder / name).write_bytes(draw(number, form="TIFF" if name == "c.tif" else "PNG"))
    out = shrink(folder)
    assert len(small_files(out)) == len(names)
    assert sorted(row["output"] for row in metrics(out)) == small_files(out)
    assert "a.jpg/b.png" in small_files(out)


@pytest.mark.parametrize("output", ["photos", ".", "./below/../photos", "link"])
def test_an_output_that_holds_the_input_is_refused(
    output: str,
    photos: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(1)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "list.csv").write_text("uri\nphotos/000.jpg\n")
    monkeypatch.chdir(tmp_path)
    before = (folder / "000.jpg").read_bytes()
    for words in ("photos", "photos/*.jpg", "photos/000.jpg", "list.csv"):
        assert main(["optimize", f"--input={words}", f"--output={output}"]) == 2
        assert "belongs to --input" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["000.jpg"]
    assert (folder / "000.jpg").read_bytes() == before


def test_what_a_killed_publication_left_is_replaced(
    photos: Callable[..., Path], shrink: Callable[..., Path]
) -> None:
    folder = photos(3)
    out = shrink(folder)
    (out / ".publishing").mkdir()
    (out / "metrics.parquet").rename(out / ".publishing" / "killed.parquet")
    (out / "optimize.json").unlink()
    (folder / "001.jpg").unlink()
    assert small_files(shrink(folder)) == ["000.jpg", "002.jpg"]


def test_what_can_never_be_read_has_its_row(
    tmp_path: Path, photos: Callable[..., Path], shrink: Callable[..., Path]
) -> None:
    folder = photos(1)
    os.mkfifo(folder / "pipe.jpg")
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(10_000_000_000)
    names = ("000.jpg", "pipe.jpg", "huge.jpg", "none.jpg")
    manifest = tmp_path / "list.csv"
    manifest.write_text("uri\n" + "".join(f"photos/{name}\n" for name in names))
    found = {Path(row["uri"]).name: row["reason"] for row in metrics(shrink(manifest, status=3))}
    reasons = (None, "unsupported_format", "too_large", "store_unavailable")
    assert found == dict(zip(names, reasons, strict=True))


def test_a_flag_raises_the_limit_of_pages(tmp_path: Path, shrink: Callable[..., Path]) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    sheets = [Image.new("L", (9, 9), 20 * number) for number in range(12)]
    sheets[0].save(folder / "a.tif", save_all=True, append_images=sheets[1:])
    [refused] = metrics(shrink(folder, "--max_pages=11", output="few"))
    assert refused["reason"] == "too_large"
    assert "the limit is 11. Split the file, or raise --max_pages." in refused["message"]
    assert len(metrics(shrink(folder, "--max_pages=12", output="all"))) == 12
