"""Nothing to ask is refused; nothing answered is a valid run with valid tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tierwise.beam_pipeline.__main__ import main

ANSWERS = ["answers/task=shade", "answers/task=found"]


def columns(output: Path, table: str) -> list[str]:
    paths = list((output / table).glob("*.parquet"))
    assert paths, f"{table} has no file"
    return [name for path in paths for name in pq.read_schema(path).names]


def test_an_input_without_images_leaves_the_last_tables(
    photos: Callable[..., Path],
    tmp_path: Path,
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    finished = classify(photos(1))
    before = contents(finished.output)
    assert len(finished.answers()) == len(ANSWERS)
    folder = tmp_path / "others"
    folder.mkdir()
    for name in ("notes.txt", "a.xmp", ".hidden.jpg"):
        (folder / name).write_text("no picture")
    (folder / "list.csv").write_text("uri,customer\n")
    for given, message in {
        "": "no file that may be an image; 4 files skipped",
        "/list.csv": "the manifest has no rows",
        "/*.tif": "no file matches this pattern",
    }.items():
        capsys.readouterr()
        classify(Path(f"{folder}{given}"), status=2)
        assert f"--input={folder}{given}: {message}" in capsys.readouterr().err
        assert contents(finished.output) == before


def contents(output: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def test_one_file_that_is_no_picture(
    tmp_path: Path, classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "emulator.log"
    file.write_text("no picture")
    finished = classify(file)
    assert {row["reason"] for row in finished.failures} == {"unsupported_format"}
    out, err = capsys.readouterr()
    assert err.endswith("none of 1 file can be read as an image.\n")
    assert "Forecast" not in out
    assert main(["plan", f"--input={file}"]) == 0
    assert "warning: no images: " in capsys.readouterr().out


def test_all_failures(photos: Callable[..., Path], classify: Callable[..., Any]) -> None:
    folder = photos(0)
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8\xff" + bytes([number]))
    finished = classify(folder)
    assert finished.answers() == []
    assert len(finished.failures) == 10
    assert {row["outcome"] for row in finished.costs} == {"unreadable"}
    assert finished.cost == 0
    for table in ANSWERS:
        assert "answer" in columns(finished.output, table)


def test_names_without_files(
    tmp_path: Path,
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_text('{"uri": "gone.jpg"}\n{"uri": "no\\u0000name.jpg"}\n{"uri": "."}\n')
    finished = classify(manifest, status=2)
    assert finished.failures == []
    assert "not one picture could be read, and nothing was spent: gone.jpg" in (
        capsys.readouterr().err
    )
    assert gemini.requests() == []
