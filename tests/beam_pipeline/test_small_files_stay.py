"""A bucket or disk that is away takes no small file of an earlier run, and no row."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.beam_pipeline.test_buckets import upload
from tests.bucket import Bucket
from tests.confined import confined
from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.files import files_for

ROOT = Path(__file__).parents[2]
Photos = Callable[..., Path]


def shrink(archive: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        confined(
            *("-m", "beam_pipeline", "optimize", f"--input={archive}", f"--output={out}"),
            as_others=True,
        ),
        cwd=archive.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def rows(out: Path) -> dict[str, dict[str, Any]]:
    """By the name of a picture; how long it took differs from run to run."""
    found = pq.ParquetFile(out / "metrics.parquet").read().to_pylist()
    return {Path(row["uri"]).name: {**row, "milliseconds": 0} for row in found}


def small_files(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.jpg")}


@pytest.fixture
def archive(photos: Photos) -> Iterator[Path]:
    """Six pictures, three of them in the folder b."""
    folder = photos(6)
    (folder / "b").mkdir()
    for number in range(3):
        (folder / f"{number:03}.jpg").rename(folder / "b" / f"{number:03}.jpg")
    yield folder
    (folder / "b").chmod(0o755)


@pytest.mark.parametrize(
    "shut", ["b", pytest.param("b/000.jpg", marks=pytest.mark.prove), "003.jpg"]
)
def test_what_a_disk_does_not_give_keeps_its_small_file_and_row(
    shut: str, archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "small"
    assert shrink(archive, out).returncode == 0
    before, lay = rows(out), small_files(out)
    (archive / shut).chmod(0)
    files = 3 if shut == "b" else 1
    for _ in range(2):
        ended = shrink(archive, out)
        assert ended.returncode == 3, ended.stderr
        assert (rows(out), small_files(out)) == (before, lay)
        assert not list(out.glob(".*"))
        told = " ".join(ended.stdout.split())
        assert f"{files} file{'s' * (files > 1)} could not be read now: small files and" in told
        assert ("folders that cannot be read: 1, such as" in told) is (shut == "b")
        totals = json.loads((out / "optimize.json").read_text("utf-8"))
        assert (totals["remembered_files"], totals["repeated_rows"]) == (files, 0)
    (archive / shut).chmod(0o755)
    (archive / "b" / "001.jpg").unlink()  # what is gone indeed leaves the output
    assert shrink(archive, out).returncode == 0
    assert lay.keys() - small_files(out).keys() == {"b/001.jpg"}
    assert before.keys() - rows(out).keys() == {"001.jpg"}


def test_a_new_picture_takes_no_name_of_one_that_cannot_be_read(
    archive: Path, tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    out = tmp_path / "small"
    assert shrink(archive, out).returncode == 0
    before, lay = rows(out), small_files(out)
    (archive / "003.jpg").chmod(0)
    (archive / "003.gif").write_bytes(draw(9, form="GIF"))  # it is the first by its name
    assert shrink(archive, out).returncode == 3
    now, lies = rows(out), small_files(out)
    assert now.pop("003.gif")["output"] not in lay
    assert now == before
    assert lay.items() < lies.items()
    (archive / "003.jpg").chmod(0o644)
    assert shrink(archive, out).returncode == 0
    assert {row["output"] for row in rows(out).values()} == small_files(out).keys()


def test_where_all_is_away_everything_stays(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "small"
    assert shrink(archive, out).returncode == 0
    before, lay = rows(out), small_files(out)
    for path in archive.rglob("*.jpg"):
        path.chmod(0)
    ended = shrink(archive, out)
    assert ended.returncode == 2, ended.stdout
    assert "not one picture could be read" in ended.stderr
    assert (rows(out), small_files(out)) == (before, lay)


def test_an_object_that_a_bucket_refuses_half_way_keeps_its_small_file(
    bucket: Bucket, photos: Photos
) -> None:
    upload(bucket, photos(4), "gs://archive/photos")
    words = ["optimize", "--input=gs://archive/photos", "--output=gs://results/small"]
    assert main(words) == 0
    with bucket.refusing(403, kinds="read", only="001.jpg"):
        assert main(words) == 3
    files = files_for("gs://results/small")
    names = [stat.uri.rpartition("/")[2] for stat in files.walk("gs://results/small")]
    assert sorted(name for name in names if name.endswith(".jpg")) == [
        f"{number:03}.jpg" for number in range(4)
    ]
    with files.open("gs://results/small/metrics.parquet") as source:
        outputs = pq.ParquetFile(source).read().column("output").to_pylist()
    assert sorted(outputs) == [f"{number:03}.jpg" for number in range(4)]
