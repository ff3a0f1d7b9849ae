"""Small files go straight to their places; whatever is killed, each row has its file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.bucket import Bucket
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.shrink_lease import take_output
from tierwise.errors import LeaseLostError
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import take_lease
from tierwise.publishing.publish_metrics import MetricsPublication, publish_metrics
from tierwise.publishing.written_before import Claim, write_claims
from tierwise.storage.process import Process

ROOT = Path(__file__).parents[2]
Photos = Callable[..., Path]


def optimize(images: Path | str, out: Path | str, *flags: str) -> None:
    assert main(["optimize", f"--input={images}", f"--output={out}", *flags]) == 0


def rows(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.ParquetFile(out / "metrics.parquet").read().to_pylist()
    return found


def names(out: Path) -> set[str]:
    """All that lies in an output, but table and totals."""
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return found - {"metrics.parquet", "optimize.json"}


def is_whole(out: Path) -> bool:
    """Whether each row of the table has a file that can be shown."""
    for row in rows(out):
        with Image.open(out / row["output"]) as picture:
            picture.load()
    return True


def test_a_killed_run_leaves_whole_files_and_the_next_one_what_it_names(
    photos: Photos, tmp_path: Path
) -> None:
    folder, out = photos(40), tmp_path / "small"
    optimize(folder, out, "--max_side=64")
    before = rows(out)
    (out / "mine.jpg").write_bytes(b"somebody else's")
    for number in range(4):  # so that there is time to kill it
        noise = Image.effect_noise((3000, 3000), 90).convert("RGB")
        noise.save(folder / f"z{number}.jpg", quality=98)
    # Other settings, other names: those of the first run stay until all of the others are there.
    flags = [f"--input={folder}", f"--output={out}", "--max_side=48", "--format=webp"]
    command = [sys.executable, "-m", "beam_pipeline", "optimize", *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, start_new_session=True) as killed:
        end = time.monotonic() + 60
        while not any(out.glob("*.webp")) and time.monotonic() < end:
            time.sleep(0.002)
        os.killpg(killed.pid, signal.SIGKILL)
    assert any(out.glob("*.webp"))
    assert rows(out) == before
    assert is_whole(out)
    for path in sorted(folder.iterdir())[20:]:
        path.unlink()
    optimize(folder, out)
    assert is_whole(out)
    assert names(out) == {row["output"] for row in rows(out)} | {"mine.jpg"}
    assert len(rows(out)) == 20
    assert (out / "mine.jpg").read_bytes() == b"somebody else's"


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_publication_that_is_killed_between_two_steps_is_put_right(
    steps: int, photos: Photos, tmp_path: Path
) -> None:
    """The table is kept, replaced, and then told of; what it no longer names is still there."""
    folder, out = photos(3), tmp_path / "small"
    optimize(folder, out)
    schema = pq.read_schema(out / "metrics.parquet")
    told = (out / "optimize.json").read_bytes()
    staging = out / ".shrinking-killed"
    write_claims(str(staging), [Claim("003", f"{folder}/003.jpg", "")])
    (out / "003.jpg").write_bytes((out / "000.jpg").read_bytes())
    publication = MetricsPublication(str(out), str(staging), schema, {"run_id": "killed"})
    if steps == 1:
        (out / ".publishing").mkdir()
        (out / ".publishing" / "killed.parquet").write_bytes((out / "metrics.parquet").read_bytes())
    else:
        publish_metrics(publication, [], [], {})  # a table without a row
        assert rows(out) == []
        if steps == 2:
            (out / "optimize.json").write_bytes(told)
    assert names(out) >= {"000.jpg", "001.jpg", "002.jpg", "003.jpg"}
    (folder / "001.jpg").unlink()
    optimize(folder, out)
    assert names(out) == {"000.jpg", "002.jpg"}
    assert is_whole(out)


def test_publishing_twice_keeps_what_the_first_replaced(photos: Photos, tmp_path: Path) -> None:
    out = tmp_path / "small"
    optimize(photos(2), out)
    schema = pq.read_schema(out / "metrics.parquet")
    (out / ".shrinking-x").mkdir()
    publication = MetricsPublication(str(out), str(out / ".shrinking-x"), schema, {"run_id": "x"})
    for _ in range(2):
        publish_metrics(publication, [], [], {})
    kept = pq.read_table(out / ".publishing" / "x.parquet")
    assert set(kept.column("output").to_pylist()) == {"000.jpg", "001.jpg"}


def test_a_run_beside_another_is_refused_and_changes_nothing(
    photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = photos(2), tmp_path / "small"
    words = ["optimize", f"--input={folder}", f"--output={out}"]
    optimize(folder, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    record = new_record("other", untraced_requests=0, journal_version=VERSION)
    other = take_lease(str(out / ".leases"), replace(record, process=Process("elsewhere", 1)))
    (folder / "001.jpg").unlink()
    assert main(words) == 2
    assert "another run writes into this output: other on elsewhere" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert main(["forget", f"--output={out}", f"--uri={folder}/000.jpg"]) == 2
    assert main([*words, "--take_over=true"]) == 0
    assert names(out) == {"000.jpg"}
    # If the other one is alive after all, it puts nothing in place any more.
    schema, told = pq.read_schema(out / "metrics.parquet"), (out / "optimize.json").read_bytes()
    late = MetricsPublication(str(out), str(out / ".shrinking-other"), schema, {}, other)
    with pytest.raises(LeaseLostError, match="another run has begun into the same output"):
        publish_metrics(late, [], [], {})
    assert (out / "optimize.json").read_bytes() == told


def test_what_another_run_left_just_before_the_lease_was_taken_is_seen(
    photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = photos(2), tmp_path / "small"
    place = "tierwise.beam_pipeline.commands.optimize.take_output"

    def take_late(*given: Any, **more: Any) -> Any:
        """A run by another of the same folder begins and ends meanwhile."""
        monkeypatch.setattr(place, take_output)
        optimize(folder, out)
        (folder / "001.jpg").unlink()
        return take_output(*given, **more)

    monkeypatch.setattr(place, take_late)
    optimize(folder, out)
    assert names(out) == {"000.jpg"}


def test_a_bucket_gets_one_request_for_each_small_file(photos: Photos, bucket: Bucket) -> None:
    folder, out = photos(40), "gs://archive/small"
    (folder / "odd").mkdir()
    (folder / "000.jpg").rename(folder / "odd" / "a#b? c%ü\x07'\".jpg")
    bucket.put("gs://archive/small/001.jpg", b"somebody else's")
    bucket.counts.clear()
    optimize(folder, out)
    first = dict(bucket.counts)
    assert first["write"] <= 40 + 7, first  # table, totals, a part, claims, a probe, a lease
    assert first.get("copy", 0) == 0
    assert sum(first.values()) - first["write"] - first.get("connections", 0) < 40, first
    lying = {name for name in bucket.names("archive") if name.startswith("small/")}
    assert len([name for name in lying if name.endswith(".jpg")]) == 41
    assert "small/odd/a#b? c%ü\x07'\".jpg" in lying
    for number in range(2, 12):
        (folder / f"{number:03}.jpg").unlink()
    bucket.counts.clear()
    optimize(folder, out)
    again = dict(bucket.counts)
    assert again["write"] <= 30 + 10, again
    left = {name for name in bucket.names("archive") if name.startswith("small/")}
    assert {name.rpartition("/")[2] for name in lying - left} == {
        f"{number:03}.jpg" for number in range(2, 12)
    }


def test_a_file_that_is_called_by_another_case_stays(photos: Photos, tmp_path: Path) -> None:
    folder, out = photos(2), tmp_path / "small"
    optimize(folder, out)
    (folder / "000.jpg").rename(folder / "000x.jpg")
    (folder / "000x.jpg").rename(folder / "A.jpg")
    optimize(folder, out)
    (folder / "A.jpg").rename(folder / "a.jpg")
    optimize(folder, out)
    assert {row["output"] for row in rows(out)} == names(out) == {"001.jpg", "a.jpg"}
