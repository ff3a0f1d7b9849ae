"""Objects of a bucket behave as files, under any name, and what is refused says what to do."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bucket import Bucket, RefusedError, serving
from tierwise.errors import InputError
from tierwise.storage.files import files_for
from tierwise.storage.gcs_files import GcsFiles
from tierwise.storage.gcs_names import HOST_VARIABLE
from tierwise.storage.name_ranges import EVERY
from tierwise.storage.stat import Stat

FILES = GcsFiles()
AWKWARD = [
    "a b.jpg",
    "a#1.jpg",
    "[1].jpg",
    "what?.jpg",
    "50%.jpg",
    "a%2Fb.jpg",
    "a;b.jpg",
    "a&b=c+d.jpg",
    "größe 風景.jpg",
    "no ending",
    "a//b.jpg",
    "a\\b.jpg",
    "*.jpg",
    "trailing space ",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_written_listed_read_copied_and_deleted(bucket: Bucket, name: str) -> None:
    uri = f"gs://archive/photos/{name}"
    FILES.write(uri, b"abc")
    (listed,) = FILES.walk("gs://archive/photos")
    digest = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
    assert listed == Stat(uri, 3, f"md5:{digest}", listed.version, listed.content_type)
    assert listed.content_type.startswith("image/" if name.endswith(".jpg") else "application/")
    assert FILES.stat(uri) == listed
    assert FILES.read(uri) == FILES.read(uri, listed.version) == b"abc"
    with FILES.open(uri, 2) as stream:
        assert stream.read(2) == b"ab"
        assert stream.read() == b"c"
    FILES.move(uri, f"gs://results/{name}")
    assert bucket.names("archive") == []
    assert FILES.read(f"gs://results/{name}") == b"abc"
    FILES.delete(f"gs://results/{name}")
    FILES.delete(f"gs://results/{name}")
    assert not FILES.exists(f"gs://results/{name}")


def test_folders_are_what_names_have_in_common(bucket: Bucket) -> None:
    for name in ("a/1", "a/b/2", "a/b/c/3", "ab/4", "a/", "a/empty/", "a/b/odd/"):
        bucket.put(f"gs://archive/{name}", b"" if name.endswith("y/") or name == "a/" else b"x")
    assert [stat.uri[13:] for stat in FILES.walk("gs://archive/a")] == [
        "a/1", "a/b/2", "a/b/c/3", "a/b/odd/"
    ]  # fmt: skip
    assert FILES.folders("gs://archive") == ["a", "ab"]
    assert FILES.folders("gs://archive/a/") == ["b", "empty"]
    assert FILES.folders("gs://archive/none") == []
    assert [FILES.is_folder(f"gs://archive{name}") for name in ("", "/", "/a", "/a/1", "/x")] == [
        True, True, True, False, False
    ]  # fmt: skip
    FILES.remove_folder("gs://archive/a")
    assert bucket.names("archive") == ["ab/4"]


def test_what_marks_a_folder_as_whole_is_deleted_first(bucket: Bucket) -> None:
    for name in ("answers/1", "costs/2", "run.json"):
        bucket.put(f"gs://results/staged/{name}", b"x")

    def forbid(kind: str, path: str) -> RefusedError | None:
        return RefusedError(403, "no") if kind == "delete" and "costs" in path else None

    bucket.refusals.append(forbid)
    try:
        with pytest.raises(PermissionError):
            FILES.remove_folder("gs://results/staged")
    finally:
        bucket.refusals.remove(forbid)
    assert "staged/run.json" not in bucket.names("results")
    assert "staged/costs/2" in bucket.names("results")


def test_many_small_objects_are_read_in_their_order(bucket: Bucket) -> None:
    uris = [f"gs://archive/{number}" for number in range(50)]
    for uri in uris:
        bucket.put(uri, uri.encode())
    assert list(FILES.read_all(uris)) == [uri.encode() for uri in uris]


def test_long_listings_come_in_pages_and_in_ranges(bucket: Bucket) -> None:
    files = GcsFiles(page=100, ranges=8)
    for number in range(2500):
        bucket.put(f"gs://archive/in/{number:04}.jpg", b"x")
    bucket.put("gs://archive/in.jpg", b"x")
    bucket.put("gs://archive/in0", b"x")
    expected = [f"gs://archive/in/{number:04}.jpg" for number in range(2500)]
    assert [stat.uri for stat in files.walk("gs://archive/in")] == expected
    assert bucket.counts["list"] == 3
    found = files.cut("gs://archive/in")
    assert 8 <= len(found.ranges) <= 100
    assert found.names == pytest.approx(2500, rel=0.2)
    listed = [stat.uri for r in found.ranges for stat in files.walk("gs://archive/in", r)]
    assert listed == expected
    short = files.cut("gs://archive/in", "24")
    assert short.names == 100
    assert [s.uri for r in short.ranges for s in files.walk("gs://archive/in", r)] == expected[
        2400:
    ]


def test_a_changed_object_is_not_read_in_place_of_the_listed_one(bucket: Bucket) -> None:
    bucket.put("gs://archive/a.jpg", b"listed")
    version = FILES.stat("gs://archive/a.jpg").version
    FILES.write("gs://archive/a.jpg", b"changed")
    with pytest.raises(OSError, match="changed or deleted after it was listed") as raised:
        FILES.read("gs://archive/a.jpg", version)
    assert raised.value.errno == errno.ESTALE
    FILES.delete("gs://archive/a.jpg")
    with pytest.raises(FileNotFoundError, match="no such object"):
        FILES.read("gs://archive/a.jpg", version)


def test_an_object_without_md5_is_known_by_its_generation(bucket: Bucket) -> None:
    hashes = set()
    for name in ("a", "a", "b"):
        bucket.put(f"gs://archive/{name}", b"composed", md5Hash=None)
        hashes.add(FILES.content_hash(f"gs://archive/{name}"))
    assert len(hashes) == 3
    assert all(found.startswith("object:") and len(found) == 71 for found in hashes)
    assert bucket.counts["read"] == 0


def test_of_several_writers_one_creates_the_object(bucket: Bucket) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        try:
            FILES.write_new("gs://results/lease", b"%d" % number)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert FILES.read("gs://results/lease") == b"%d" % won.index(True)
    assert bucket.names("results") == ["lease"]


def test_a_repeated_request_that_meets_its_own_object_is_no_error(bucket: Bucket) -> None:
    FILES.write_new("gs://results/lease", b"ours")
    FILES.write_new("gs://results/lease", b"ours")
    with pytest.raises(FileExistsError):
        FILES.write_new("gs://results/lease", b"theirs")
    assert bucket.counts["write"] == 3


def test_a_stream_that_fails_leaves_nothing(bucket: Bucket) -> None:
    def fail() -> None:
        with FILES.create("gs://results/table") as file:
            file.write(b"half")
            raise RuntimeError("the writer broke")

    with pytest.raises(RuntimeError, match="broke"):
        fail()
    assert bucket.names("results") == []


def test_streams_of_many_megabytes_are_whole(bucket: Bucket) -> None:
    del bucket
    data = bytes(range(256)) * 80_000  # more than one upload and more than one read
    with FILES.create("gs://results/large.bin") as file:
        file.write(data)
    with FILES.open("gs://results/large.bin") as stream:
        assert stream.read(10) == data[:10]
        stream.seek(10_000_000)
        assert stream.read() == data[10_000_000:]
    FILES.write("gs://results/large.bin", data[1:])
    assert FILES.read("gs://results/large.bin") == data[1:]


def test_tables_and_manifests_are_read_as_streams(bucket: Bucket) -> None:
    table = pa.table({"uri": ["a", "b"], "n": [1, 2]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    bucket.put("gs://archive/t.parquet", sink.getvalue())
    with FILES.open("gs://archive/t.parquet") as stream:
        assert pq.read_table(stream) == table
    bucket.put("gs://archive/t.csv", "uri\nä.jpg\n".encode())
    with FILES.open("gs://archive/t.csv") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        assert list(csv.reader(text)) == [["uri"], ["ä.jpg"]]


def test_an_object_is_moved_once_and_only_as_it_was_seen(bucket: Bucket) -> None:
    source, target = "gs://results/staged/1", "gs://results/answers/1"
    bucket.put(source, b"old")
    seen = FILES.stat(source).version
    FILES.move(source, target, seen)
    FILES.write(target, b"new")
    FILES.move(source, target, seen)  # whoever comes late
    assert (FILES.read(target), bucket.names("results")) == (b"new", ["answers/1"])
    bucket.put(source, b"another")
    with pytest.raises(OSError, match="was changed") as caught:
        FILES.move(source, target, seen)
    assert caught.value.errno == errno.ESTALE
    assert FILES.read(target) == b"new"


def test_only_the_generation_that_was_seen_is_deleted(bucket: Bucket) -> None:
    uri = "gs://results/report.html"
    bucket.put(uri, b"old")
    seen = FILES.stat(uri).version
    FILES.write(uri, b"new")
    FILES.delete(uri, seen)
    assert FILES.read(uri) == b"new"
    FILES.delete(uri, FILES.stat(uri).version)
    assert bucket.names("results") == []


def test_silence_is_told_by_the_clock_of_the_service(bucket: Bucket) -> None:
    FILES.write("gs://results/runs/000001.json", b"{}")
    assert 0 <= FILES.silent_s("gs://results/runs/000001.json") < 60
    assert bucket.names("results") == ["runs/000001.json"]


@pytest.mark.parametrize(
    ("status", "message", "code", "told"),
    [
        (403, "x@y does not have storage.objects.list access", errno.EACCES, "Object Viewer.*x@y"),
        (
            400,
            "Bucket is a requester pays bucket but no user project provided.",
            errno.EACCES,
            "requester pays.*copy the objects into a bucket of your own",
        ),
        (400, "Invalid argument", errno.EACCES, "refuses .400: Invalid argument"),
        (
            403,
            "The billing account for the owning project is disabled in state absent",
            errno.EACCES,
            "billing account of its project is closed; open it",
        ),
        (403, "Rate Limit Exceeded", errno.ETIMEDOUT, "does not serve this now .403"),
    ],
)
def test_what_is_refused_says_what_to_do(
    bucket: Bucket, status: int, message: str, code: int, told: str
) -> None:
    bucket.put("gs://archive/a.jpg", b"x")
    with bucket.refusing(status, message):
        for attempt in (
            lambda: list(FILES.walk("gs://archive")),
            lambda: FILES.cut("gs://archive"),
            lambda: FILES.read("gs://archive/a.jpg"),
            lambda: FILES.stat("gs://archive/a.jpg"),
            lambda: FILES.write("gs://archive/b.jpg", b"x"),
            lambda: FILES.delete("gs://archive/a.jpg"),
        ):
            with pytest.raises(OSError, match=told) as raised:
                attempt()
            assert raised.value.errno == code
            assert "http" not in (raised.value.strerror or "")


def test_who_is_not_logged_in_hears_how_to(bucket: Bucket) -> None:
    message = "gcloud auth application-default login"
    with bucket.refusing(401, "Anonymous caller"), pytest.raises(PermissionError, match=message):
        FILES.stat("gs://archive/a.jpg")


def test_a_missing_bucket_is_told_apart_from_a_missing_object(bucket: Bucket) -> None:
    del bucket
    for attempt in (
        lambda: list(FILES.walk("gs://nowhere/a")),
        lambda: FILES.is_folder("gs://nowhere"),
    ):
        with pytest.raises(FileNotFoundError, match="there is no bucket nowhere"):
            attempt()
    with pytest.raises(FileNotFoundError, match="no such object"):
        FILES.read("gs://archive/none.jpg")
    with pytest.raises(OSError, match="names a bucket, and no object"):
        FILES.read("gs://archive/")


@pytest.mark.parametrize("kind", ["list", "stat", "read", "write", "copy", "delete"])
def test_what_passes_is_tried_again(bucket: Bucket, kind: str) -> None:
    bucket.put("gs://archive/a.jpg", b"x")
    with bucket.refusing(503, kinds=kind, times=1):
        assert [stat.bytes for stat in FILES.walk("gs://archive")] == [1]
        assert FILES.exists("gs://archive/a.jpg")
        assert FILES.read("gs://archive/a.jpg") == b"x"
        FILES.write("gs://results/b", b"x")
        FILES.move("gs://archive/a.jpg", "gs://results/a")
    assert bucket.names("results") == ["a", "b"]
    assert bucket.counts[kind] == 2


@pytest.mark.parametrize("uri", ["gs://", "gs:///a", "gs://Archive/a", "gs://a", "gs://a b/c"])
def test_what_cannot_be_an_address_is_refused(uri: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a bucket"):
        files_for(uri)


def test_another_server_at_another_address_is_found(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    files_for("gs://archive/here").write("gs://archive/here", b"x")
    with serving() as other, monkeypatch.context() as environment:
        other.clear("archive")
        environment.setenv(HOST_VARIABLE, other.url)
        files_for("gs://archive/there").write("gs://archive/there", b"x")
        assert other.names("archive") == ["there"]
    assert files_for("gs://archive/here").exists("gs://archive/here")
    assert bucket.names("archive") == ["here"]


def test_one_client_and_few_connections_serve_many_requests(bucket: Bucket) -> None:
    files = GcsFiles()
    for number in range(200):
        bucket.put(f"gs://archive/{number}", b"x")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: files.read(f"gs://archive/{number}"), range(200)))
    assert bucket.counts["read"] == 200
    assert bucket.counts["connections"] <= 16
    assert len(list(files.walk("gs://archive", EVERY))) == 200


def test_the_place_of_a_bucket_is_told_where_it_may_be_seen(bucket: Bucket) -> None:
    assert FILES.location("gs://archive/a.jpg") == ""
    bucket.storage.buckets["archive"]["location"] = "EUROPE-WEST4"
    assert FILES.location("gs://archive/a.jpg") == "europe-west4"
    with bucket.refusing(403, "no storage.buckets.get"):
        assert FILES.location("gs://archive/a.jpg") == ""
    assert FILES.location("gs://nowhere/a.jpg") == ""
