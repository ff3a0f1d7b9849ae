"""What `--input` names in a bucket: names are names, and only what is written as a glob is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bucket import Bucket
from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.gcs_files import GcsFiles
from tierwise.storage.listing import InputKind, Named, Skipped, list_names, split

TREE = [
    "1.jpg",
    "2.JPG",
    "[1].jpg",
    "a b#?.jpg",
    "a%2Fb.jpg",
    "a/1.jpg",
    "a/b/2.png",
    "größe.jpg",
    "pre/img_1.jpg",
    "pre/img_2.jpg",
    "pre/other.jpg",
]


@pytest.fixture(autouse=True)
def archive(bucket: Bucket) -> Bucket:
    for name in TREE:
        bucket.put(f"gs://archive/in/{name}", name.encode())
    return bucket


def names(uri: str, excluded: str = "") -> list[str]:
    listed = list_names(find_input(uri, excluded=excluded))
    return [name.uri.removeprefix("gs://archive/in/") for name in listed if isinstance(name, Named)]


@pytest.mark.parametrize("uri", ["gs://archive", "gs://archive/", "gs://archive/in/"])
def test_a_folder_means_every_object_below_it(archive: Bucket, uri: str) -> None:
    for left_out in ("in/notes.txt", "in/.trash/x.jpg", "in/empty/", "in/out/b.jpg"):
        archive.put(f"gs://archive/{left_out}", b"" if left_out.endswith("/") else b"x")
    found = find_input(uri, excluded="gs://archive/in/out")
    listed = list(list_names(found))
    assert {n.uri[16:] for n in listed if isinstance(n, Named)} == set(TREE)
    assert {n.uri for n in listed if isinstance(n, Skipped)} == {
        "gs://archive/in/notes.txt",
        "gs://archive/in/.trash/x.jpg",
    }
    assert len(listed) == len(TREE) + 2
    assert found.about is None


@pytest.mark.parametrize("name", TREE)
def test_a_single_object_is_taken_by_its_very_name(name: str) -> None:
    found = find_input(f"gs://archive/in/{name}")
    assert found.kind is InputKind.FILE
    assert [n.uri for n in list_names(found)] == [f"gs://archive/in/{name}"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("in/*.jpg", {"1.jpg", "[1].jpg", "a b#?.jpg", "a%2Fb.jpg", "größe.jpg"}),
        ("in/[0-9].*", {"1.jpg", "2.JPG"}),
        ("in/**/[12].*", {"1.jpg", "2.JPG", "a/1.jpg", "a/b/2.png"}),
        ("in/pre/img_*.jpg", {"pre/img_1.jpg", "pre/img_2.jpg"}),
        ("**/img_?.jpg", {"pre/img_1.jpg", "pre/img_2.jpg"}),
    ],
)
def test_patterns(pattern: str, matched: set[str]) -> None:
    assert set(names(f"gs://archive/{pattern}")) == matched


def test_only_what_a_pattern_begins_with_is_listed(archive: Bucket) -> None:
    for number in range(5000):
        archive.put(f"gs://archive/in/before_{number}", b"x")
    found = find_input("gs://archive/in/pre/i*.jpg")
    archive.counts.clear()
    assert len(list(list_names(found))) == 2
    assert archive.counts["list"] == 1


def test_the_listing_tells_all_that_is_known_of_an_object(archive: Bucket) -> None:
    found = find_input("gs://archive/in/a")
    archive.counts.clear()
    (first, second) = list_names(found)
    assert isinstance(first, Named)
    assert first.known == GcsFiles().stat("gs://archive/in/a/1.jpg")
    assert archive.counts["list"] == 1
    assert isinstance(second, Named)


def test_a_cut_listing_names_every_object_once(archive: Bucket) -> None:
    for number in range(3000):
        archive.put(f"gs://archive/many/{number % 7}/{number:05}.jpg", b"x")
    whole = find_input("gs://archive/many")
    cut = GcsFiles(page=50, ranges=10).cut("gs://archive/many")
    found = replace(whole, ranges=cut.ranges, about=cut.names)
    assert found.about == pytest.approx(3000, rel=0.3)
    assert list(list_names(found)) == list(list_names(whole))
    parts = [list(list_names(part)) for part in split(found)]
    assert len(parts) == len(found.ranges)
    assert [name for part in parts for name in part] == list(list_names(whole))


def test_a_long_listing_is_looked_through_for_a_file_that_is_tried(archive: Bucket) -> None:
    for number in range(25_000):
        archive.put(f"gs://archive/long/{number % 10}/{number:05}.txt", b"x")
    with pytest.raises(InputError, match=r"25000 files skipped: .*/0/00000\.txt"):
        find_input("gs://archive/long")
    with pytest.raises(InputError, match="no file matches this pattern"):
        find_input("gs://archive/long/**/*.tif")
    archive.put("gs://archive/long/7/last.tif", b"x")
    assert find_input("gs://archive/long").about == pytest.approx(25_000, rel=0.3)
    assert find_input("gs://archive/long/**/*.tif").about


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("gs://archive/none", "there is no such file or folder"),
        ("gs://archive/in/*.gif", "no file matches this pattern"),
        ("gs://results", "there is no such file or folder"),
        ("gs://nowhere/in", "there is no bucket nowhere"),
        ("gs://archive*/in", "cannot be the name of a bucket"),
    ],
)
def test_inputs_that_are_refused(uri: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_input(uri)
