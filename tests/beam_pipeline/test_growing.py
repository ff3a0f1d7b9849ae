"""An archive that grows: what is new, changed, moved and gone, and that nothing else is read."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.beam_pipeline.conftest import Finished, rows
from tests.bucket import Bucket
from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.files import files_for

Photos = Callable[..., Path]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
"""
PLAIN = '  plain: {prompt: "Is the picture plain?", labels: ["yes", "no"]}\n'
NOTHING = {"new": 0, "changed": 0, "moved": 0, "gone": 0}
# A little longer than a disk's clock may take to tick (`tierwise.storage.disk_marks`).
SETTLED_S = 3.2


def told(done: Finished) -> dict[str, tuple[str, str]]:
    """By name what `files` says of it: the change, and the name that it had before."""
    return {
        Path(row["uri"]).name: (row["change"] or "", Path(row["moved_from"] or "").name)
        for path in done.output.glob("files/*.parquet")
        for row in rows(path)
    }


def new_rows(done: Finished) -> Counter[tuple[str, str]]:
    """Table and name of each row in `new/`."""
    return Counter(
        (str(path.parent.relative_to(done.output / "new")), Path(row["uri"]).name)
        for path in done.output.glob("new/**/*.parquet")
        for row in rows(path)
    )


class Opened:
    """Every file that this process opens while it watches; a hook of Python's stays for good."""

    def __init__(self) -> None:
        self.watching = False
        self.paths: list[str] = []
        sys.addaudithook(self._note)

    def below(self, folder: Path) -> set[str]:
        """The names below a folder, since this was asked last."""
        found = {Path(path).name for path in self.paths if path.startswith(str(folder))}
        self.paths.clear()
        return found

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event == "open" and isinstance(arguments[0], str):
            self.paths.append(arguments[0])


@pytest.fixture(scope="module")
def all_opened() -> Opened:
    return Opened()


@pytest.fixture
def opened(all_opened: Opened) -> Iterator[Opened]:
    all_opened.watching = True
    yield all_opened
    all_opened.watching = False


def test_the_end_tells_what_is_new_changed_moved_and_gone(
    photos: Photos,
    classify: Callable[..., Finished],
    draw: Callable[..., bytes],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(6)
    first = classify(folder, "--only_new", tasks=TASKS)
    assert "changes" not in first.run  # there was nothing to compare with
    assert set(told(first).values()) == {("", "")}
    assert sum(new_rows(first).values()) == len(first.answers()) == 6
    (folder / "000.jpg").write_bytes(draw(50))
    (folder / "001.jpg").rename(folder / "elsewhere.jpg")
    (folder / "002.jpg").unlink()
    photos(2, first=10)
    capsys.readouterr()
    second = classify(folder, "--only_new", tasks=TASKS)
    assert second.run["changes"] == {"new": 2, "changed": 1, "moved": 1, "gone": 1}
    said = "Since the last finished run: 2 new files, 1 changed, 1 moved, 1 gone; which, tells"
    assert said in " ".join(capsys.readouterr().out.split())
    assert "2 new files, 1 changed" in (second.output / "report.html").read_text("utf-8")
    changed = {"000.jpg", "010.jpg", "011.jpg", "elsewhere.jpg"}
    assert told(second) == {
        **dict.fromkeys(("003.jpg", "004.jpg", "005.jpg"), ("", "")),
        **dict.fromkeys(("010.jpg", "011.jpg"), ("new", "")),
        "000.jpg": ("changed", ""),
        "002.jpg": ("gone", ""),
        "elsewhere.jpg": ("moved", "001.jpg"),
    }
    assert new_rows(second) == dict.fromkeys((("answers/task=shade", n) for n in changed), 1)
    assert len(second.answers()) == 7
    third = classify(folder, "--only_new", tasks=TASKS)
    assert third.run["changes"] == NOTHING  # of what was gone then nothing is told again
    assert not new_rows(third)
    assert (third.output / "new/failures").is_dir()
    assert not (classify(folder, tasks=TASKS).output / "new").exists()


def test_new_rows_are_those_that_the_last_tables_lacked(
    photos: Photos, classify: Callable[..., Finished], gemini: Any
) -> None:
    """Whatever the reason: a task that was added, a row that failed, a question put otherwise."""
    folder = photos(4)
    gemini.faults({"kind": "daily_quota", "after": 1})
    first = classify(folder, "--requests_in_flight=1", tasks=TASKS, status=3)
    failed = {Path(row["uri"]).name for row in first.failures}
    assert 0 < len(failed) < 4
    gemini.faults()
    second = classify(folder, "--only_new", tasks=TASKS)
    assert new_rows(second) == dict.fromkeys((("answers/task=shade", n) for n in failed), 1)
    third = classify(folder, "--only_new", tasks=TASKS + PLAIN)
    names = {f"{number:03}.jpg" for number in range(4)}
    assert new_rows(third) == dict.fromkeys((("answers/task=plain", n) for n in names), 1)
    reworded = TASKS.replace("How light", "How bright") + PLAIN
    fourth = classify(folder, "--only_new", tasks=reworded)
    assert new_rows(fourth) == dict.fromkeys((("answers/task=shade", n) for n in names), 1)
    assert fourth.run["changes"] == NOTHING


def test_what_an_interrupted_run_has_asked_is_new_to_the_tables_of_the_next(
    photos: Photos, classify: Callable[..., Finished], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(3)
    first = classify(folder, tasks=TASKS)
    photos(2, first=10)
    shutil.copytree(first.output, tmp_path / "other")
    classify(folder, tasks=TASKS, output="other")
    # As a run leaves it that was killed after it had asked, and before it published.
    shutil.copytree(tmp_path / "other/journal", first.output / "journal", dirs_exist_ok=True)
    gemini.reset()
    second = classify(folder, "--only_new", tasks=TASKS)
    assert gemini.requests() == []
    assert second.run["changes"] == {**NOTHING, "new": 2}
    assert {name for _, name in new_rows(second)} == {"010.jpg", "011.jpg"}


def test_a_pilot_knows_all_files_and_has_rows_of_some(
    photos: Photos, classify: Callable[..., Finished]
) -> None:
    folder = photos(5)
    pilot = classify(folder, "--first=2", tasks=TASKS)
    assert len(told(pilot)) == 5
    whole = classify(folder, "--only_new", tasks=TASKS)
    assert whole.run["changes"] == NOTHING
    asked = {Path(row["uri"]).name for row in whole.answers() if not row["reused"]}
    assert {name for _, name in new_rows(whole)} == asked
    assert len(asked) == 3


def test_nothing_that_is_unchanged_is_opened(
    photos: Photos, classify: Callable[..., Finished], gemini: Any, opened: Opened
) -> None:
    folder = photos(4)
    picture = (folder / "002.jpg").read_bytes()
    (folder / "002.jpg").write_bytes(picture + b"a")
    time.sleep(SETTLED_S)
    classify(folder, tasks=TASKS)
    assert opened.below(folder) == {f"{number:03}.jpg" for number in range(4)}
    # Other bytes of the same size, with the old times: its inode, or its ctime, is another.
    before = (folder / "002.jpg").stat()
    (folder / "002.jpg").write_bytes(picture + b"b")
    os.utime(folder / "002.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "002.jpg").stat().st_mtime_ns == before.st_mtime_ns
    photos(1, first=9)
    gemini.reset()
    done = classify(folder, tasks=TASKS)
    assert opened.below(folder) == {"002.jpg", "009.jpg"}
    assert done.run["changes"] == {**NOTHING, "changed": 1, "new": 1}
    assert sum(len(line["images"]) for line in gemini.requests()) == 2
    classify(folder, "--rehash", tasks=TASKS)
    assert len(opened.below(folder)) == 5


def test_a_file_that_was_written_a_moment_ago_is_read_again(
    photos: Photos, classify: Callable[..., Finished], opened: Opened
) -> None:
    """It may have been written once more within the tick of its disk's clock."""
    folder = photos(2)
    classify(folder, tasks=TASKS)
    assert len(opened.below(folder)) == 2
    classify(folder, tasks=TASKS)
    assert len(opened.below(folder)) == 2


def test_a_bucket_tells_by_its_listing(gemini: Any, bucket: Bucket, photos: Photos) -> None:
    folder = photos(4)
    for path in folder.iterdir():
        bucket.put(f"gs://archive/photos/{path.name}", path.read_bytes())
    words = ["run", "--input=gs://archive/photos/", "--output=gs://results/out", "--only_new"]
    words.append(f"--gemini_endpoint={gemini.url}")
    assert main(words) == 0
    bucket.put("gs://archive/photos/new.jpg", (folder / "000.jpg").read_bytes() + b"more")
    bucket.put("gs://archive/photos/001.jpg", (folder / "001.jpg").read_bytes() + b"more")
    files_for("gs://archive").delete("gs://archive/photos/002.jpg")
    assert main(words) == 0
    files = files_for("gs://results")

    def rows_in(table: str) -> list[dict[str, Any]]:
        return [
            row
            for stat in files.walk(f"gs://results/out/{table}")
            for row in pq.read_table(io.BytesIO(files.read(stat.uri))).to_pylist()
        ]

    found = rows_in("files")
    assert {row["uri"].rpartition("/")[2]: row["change"] for row in found} == {
        "000.jpg": None,
        "001.jpg": "changed",
        "002.jpg": "gone",
        "003.jpg": None,
        "new.jpg": "new",
    }
    assert {row["mark"] for row in found} == {None}
    new = {row["uri"].rpartition("/")[2] for row in rows_in("new")}
    assert new == {"001.jpg", "new.jpg"}


def test_a_file_that_a_manifest_spells_in_several_ways_is_one(
    photos: Photos, classify: Callable[..., Finished], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(2)
    place = folder / "000.jpg"
    spelt = ["photos/000.jpg", "./photos//000.jpg", str(place), place.as_uri(), "photos/001.jpg"]
    manifest = tmp_path / "list.csv"
    manifest.write_text("uri\n" + "\n".join(spelt) + "\n", "utf-8")
    done = classify(manifest, tasks=TASKS)
    assert (done.run["files"], done.run["images"], done.run["repeated_rows"]) == (2, 2, 3)
    manifest.write_text(f"uri\n{place}\nphotos/001.jpg\n", "utf-8")
    assert classify(manifest, tasks=TASKS).run["changes"] == NOTHING


def test_what_is_forgotten_is_in_no_table_of_files_and_new_rows(
    photos: Photos, classify: Callable[..., Finished]
) -> None:
    folder = photos(3)
    classify(folder, tasks=TASKS)
    (folder / "000.jpg").rename(folder / "moved.jpg")
    done = classify(folder, "--only_new", tasks=TASKS)
    assert told(done)["moved.jpg"] == ("moved", "000.jpg")
    cost = done.run["totals"]["cost_usd"]
    assert main(["forget", f"--output={done.output}", f"--uri={folder}/moved.jpg"]) == 0
    assert told(done).keys() == {"001.jpg", "002.jpg"}
    assert not new_rows(done)
    assert done.run["totals"]["cost_usd"] == cost
    again = classify(folder, "--only_new", tasks=TASKS)
    assert again.run["changes"] == {**NOTHING, "new": 1}
    assert {name for _, name in new_rows(again)} == {"moved.jpg"}
