"""Outputs of tierwise are known in a listing by what lies in them, whoever lists which part."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bucket import Bucket
from tierwise.skipped_files import Tally
from tierwise.storage.find_input import find_input
from tierwise.storage.gcs_files import GcsFiles
from tierwise.storage.listing import Named, list_names, split
from tierwise.storage.local_files import LocalFiles
from tierwise.storage.own_outputs import marked

OURS = json.dumps({"tierwise": "0.1.0", "run_id": "20261130T225531-703896a3"}).encode()
OTHERS = b'{"experiment": 7}'
RUN = {
    "run.json": OURS,
    "journal/batches/parts/r/p/pictures/1.jpg": b"x",
    "journal/workers/20261130T225531-703896a3/0a": b"x",
    f"thumbnails/sha256-{'0a' * 32}-1.jpg": b"x",
    "pictures/task=hero/1.png": b"x",
    "requests/1.jsonl": b"x",
    "calibration-kind.png": b"x",
}
OWN = {  # in folders that people call as tierwise does
    *("pictures/b.jpg", "pictures/2009/b.jpg", "thumbnails/own/cat.jpg", "journal/2019/b.jpg"),
    *("wide/b.jpg", "costs/b.png", "counts/b.heic", "requests/b.jpg", "evaluation/b.jpg"),
}
SMALL = {"optimize.json": OURS, "metrics.parquet": b"x", "2009/a.jpg": b"x", "b.jpg": b"x"}


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        LocalFiles().write(str(folder / name), data)


def tried(uri: object) -> set[str]:
    listed = list_names(find_input(str(uri)))
    return {name.uri.removeprefix(f"{uri}/") for name in listed if isinstance(name, Named)}


@pytest.mark.parametrize(
    "mark",
    [
        {"run.json": OURS},
        {"journal/runs/000001.json": b"{}"},  # under way, or killed
    ],
)
def test_an_output_of_run_gives_no_pictures_but_those_that_somebody_keeps_beside(
    tmp_path: Path, mark: dict[str, bytes]
) -> None:
    put(tmp_path, {"a.jpg": b"x"})
    put(tmp_path / "old" / "renamed", {**RUN, "run.json": OTHERS} | mark)
    put(tmp_path / "old" / "renamed", dict.fromkeys(("mine/b.jpg", *OWN), b"x"))
    tally = Tally()
    names = list(list_names(find_input(str(tmp_path)), tally))
    assert {n.uri for n in names if isinstance(n, Named)} == {
        f"{tmp_path}/a.jpg",
        *(f"{tmp_path}/old/renamed/{name}" for name in ("mine/b.jpg", *OWN)),
    }
    assert tally.skipped.counts == {"outputs": 6 + ("run.json" not in mark), "not_pictures": 1}


@pytest.mark.parametrize(
    "mark",
    [
        {"optimize.json": OURS},
        {".publishing/20261130T225536-f732c5e8.parquet": b"x"},  # killed while it published
        {".shrinking-20261130T225536-f732c5e8/parts/1.parquet": b"x"},
    ],
)
def test_an_output_of_optimize_whose_records_are_gone_is_skipped_as_a_whole(
    tmp_path: Path, mark: dict[str, bytes]
) -> None:
    put(tmp_path, {"a.jpg": b"x"})
    put(tmp_path / "small", {**SMALL, "optimize.json": OTHERS} | mark)
    assert tried(tmp_path) == {"a.jpg"}
    # Whoever names it means it.
    assert tried(tmp_path / "small") == {"2009/a.jpg", "b.jpg"}
    assert tried(tmp_path / "small" / "2009") == {"a.jpg"}


def metrics(*names: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"uri": list(names), "output": [*names[:-1], None]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "records",
    [
        {"optimize.json": OURS, "metrics.parquet": metrics("2009/a.jpg", "b.page-2.jpg", "no.jpg")},
        {
            "optimize.json": OURS,
            "metrics.parquet": metrics("2009/a.jpg", "no.jpg"),
            ".publishing/20261130T225536-f732c5e8.parquet": metrics("b.page-2.jpg", "no.jpg"),
        },
        {  # killed
            ".shrinking-20261130T225536-f732c5e8/claims/1.jsonl": (
                b'["2009/a", "x/a.heic", "md5:0"]\n["b", "x/b.tif", "md5:1"]\n'
            )
        },
    ],
)
def test_of_an_output_of_optimize_what_its_records_do_not_name_is_tried(
    tmp_path: Path, records: dict[str, bytes]
) -> None:
    put(tmp_path / "home" / "photos", {"2009/a.jpg": b"x", "b.page-2.jpg": b"x"} | records)
    put(tmp_path / "home" / "photos", {"mine/c.jpg": b"x", "2009/d.heic": b"x", "no.jpg": b"x"})
    assert tried(tmp_path) == {
        "home/photos/mine/c.jpg",
        "home/photos/2009/d.heic",
        "home/photos/no.jpg",
    }


def test_what_other_programs_call_so_is_tried(tmp_path: Path) -> None:
    put(tmp_path / "experiment", {**RUN, **SMALL, "run.json": OTHERS, "optimize.json": b"not json"})
    assert tried(tmp_path) == {
        "experiment/journal/batches/parts/r/p/pictures/1.jpg",
        "experiment/journal/workers/20261130T225531-703896a3/0a",
        "experiment/calibration-kind.png",
        "experiment/2009/a.jpg",
        "experiment/b.jpg",
    }


def test_thumbnails_that_were_copied_alone_are_known_by_their_names(tmp_path: Path) -> None:
    name = f"thumbnails/sha256-{'0a' * 32}-1.jpg"
    put(tmp_path, {"a.jpg": b"x", f"copy/{name}": b"x", "copy/thumbnails/own.jpg": b"x"})
    assert tried(tmp_path) == {"a.jpg", "copy/thumbnails/own.jpg"}
    assert len(tried(tmp_path / "copy" / "thumbnails")) == 2


@pytest.mark.parametrize("pattern", ["**/*.jpg", "*/*.jpg", "*/*/*.jpg"])
def test_a_pattern_that_does_not_match_the_marks_leaves_outputs_out_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    put(tmp_path, {"p/a.jpg": b"x", "p/q/a.jpg": b"x"})
    put(tmp_path / "out", RUN)
    put(tmp_path / "small", SMALL)
    monkeypatch.chdir(tmp_path)
    listed = list_names(find_input(pattern))
    found = {name.uri for name in listed if isinstance(name, Named)}
    wanted = {"**/*.jpg": {"p/a.jpg", "p/q/a.jpg"}, "*/*.jpg": {"p/a.jpg"}}
    assert found == wanted.get(pattern, {"p/q/a.jpg"})


def test_workers_with_ranges_of_a_bucket_know_what_whoever_lists_all_of_it_knows(
    bucket: Bucket,
) -> None:
    marks = [("out", "run.json"), ("small", "optimize.json"), ("mine", "run.json")]
    for folder, mark in marks:
        bucket.put(f"gs://archive/in/{folder}/{mark}", OTHERS if folder == "mine" else OURS)
        for number in range(2500):
            bucket.put(f"gs://archive/in/{folder}/journal/batches/{number:05}.jpg", b"x")
            bucket.put(f"gs://archive/in/{folder}/{number % 5}/{number:05}.jpg", b"x")
    cut = GcsFiles(page=50, ranges=12).cut("gs://archive/in")
    found = replace(find_input("gs://archive/in"), ranges=cut.ranges, about=cut.names)
    bucket.counts.clear()
    parts = [name.uri for part in split(found) for name in list_names(part) if is_tried(name)]
    asked = bucket.counts["stat"] + bucket.counts["read"]
    assert len(parts) == len(set(parts)) == 3 * 2500
    folders = {(uri.split("/")[4], uri.split("/")[5] == "journal") for uri in parts}
    assert folders == {("out", False), ("mine", True), ("mine", False)}
    # Of the folders at the edges of ranges and windows alone.
    assert asked <= 8 * (len(cut.ranges) + 15)


def is_tried(name: object) -> bool:
    return isinstance(name, Named)


@dataclass(frozen=True)
class Found:
    uri: str


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["a", "b/c", "b/d", "e/f/g"]), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 1200), min_size=1, max_size=4),
    st.integers(0, 5000),
)
def test_a_window_never_changes_the_verdict(
    tmp_path_factory: pytest.TempPathFactory, folders: list[str], sizes: list[int], start: int
) -> None:
    """Large folders reach over windows; a listing may begin and end anywhere."""
    root = tmp_path_factory.mktemp("tree")
    names = []
    for number, folder in enumerate(folders):
        ours = number % 2 == 0
        if ours:
            put(root / folder, {"optimize.json": OURS})
        size = sizes[number % len(sizes)]
        names += [(f"{root}/{folder}/{at:05}.jpg", ours) for at in range(size)]
        names += [(f"{root}/{folder}/optimize.json", True)] * ours
    names.sort()
    start %= len(names)
    for part, whole in ((names, True), (names[start:], False), (names[:start], False)):
        found: Iterator[Found] = (Found(name) for name, _ in part)
        assert [held for _, held in marked(found, str(root), whole=whole)] == [o for _, o in part]
