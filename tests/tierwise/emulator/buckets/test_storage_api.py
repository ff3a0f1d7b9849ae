"""Folders of this machine as buckets, by the client and the code that a job uses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from google.api_core.exceptions import Conflict, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from tests.tierwise.emulator.batches.conftest import MODEL, jsonl, request_of
from tierwise.emulator import EmulatorConfig, running_emulator
from tierwise.storage.gcs_files import GcsFiles
from tierwise.storage.gcs_names import HOST_VARIABLE

AWKWARD = [
    *("a b.jpg", "a#1.jpg", "[1].jpg", "what?.jpg", "50%.jpg", "a%2Fb.jpg", "a;b.jpg"),
    *("a&b=c+d.jpg", "größe 風景.jpg", "no ending", "a//b.jpg", "a\\b.jpg", "*.jpg"),
    *("trailing space ", "../up", "x/./y", "%", "%object", "a/rewriteTo/b/c"),
]


@dataclass(frozen=True)
class Desk:
    url: str
    folder: Path
    files: GcsFiles
    client: Any

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        try:
            with urlopen(Request(self.url + path, headers=headers), timeout=20) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("buckets")
    config = EmulatorConfig(bucket=str(folder))
    with running_emulator(config) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOST_VARIABLE, url)
        files = GcsFiles()
        client = Client(project="p", credentials=AnonymousCredentials())
        yield Desk(url, folder, files, client)
        client.close()
        files._client.close()


@pytest.fixture(autouse=True)
def _new_buckets(desk: Desk) -> None:
    for name in ("archive", "results"):
        if (desk.folder / name).is_dir():
            desk.files.remove_folder(f"gs://{name}")
        (desk.folder / name).mkdir(exist_ok=True)


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_written_listed_read_copied_and_deleted(desk: Desk, name: str) -> None:
    files, uri = desk.files, f"gs://archive/photos/{name}"
    files.write(uri, b"abc")
    (listed,) = files.walk("gs://archive/photos")
    assert listed.uri == uri
    assert files.stat(uri) == listed
    assert files.read(uri) == files.read(uri, listed.version) == b"abc"
    with files.open(uri, 2) as stream:
        assert stream.read(2) == b"ab"
        assert stream.read() == b"c"
    files.move(uri, f"gs://results/to/{name}")
    assert list(files.walk("gs://archive")) == []
    assert files.read(f"gs://results/to/{name}") == b"abc"
    files.delete(f"gs://results/to/{name}")
    assert not files.exists(f"gs://results/to/{name}")
    assert list((desk.folder / "results").iterdir()) == []
    assert list((desk.folder.parent).glob("**/up")) == []


def test_files_that_somebody_put_there_are_objects(desk: Desk) -> None:
    (desk.folder / "archive" / "by hand").mkdir()
    (desk.folder / "archive" / "by hand" / "50%.txt").write_bytes(b"abc")
    (found,) = desk.files.walk("gs://archive")
    assert desk.files.read(found.uri) == b"abc"
    assert found.content_type == "text/plain"
    desk.files.write(found.uri, b"new")
    assert (desk.folder / "archive" / "by hand" / "50%.txt").read_bytes() == b"new"


def test_folders_are_what_names_have_in_common(desk: Desk) -> None:
    files = desk.files
    for name in ("a/1", "a/b/2", "a/b/c/3", "ab/4", "a/", "a/empty/", "a/b/odd/", "a", "a/b"):
        files.write(f"gs://archive/{name}", b"" if name.endswith("y/") or name == "a/" else b"x")
    assert [stat.uri[13:] for stat in files.walk("gs://archive/a")] == [
        *("a/1", "a/b", "a/b/2", "a/b/c/3", "a/b/odd/"),
    ]
    assert files.folders("gs://archive") == ["a", "ab"]
    assert files.folders("gs://archive/a/") == ["b", "empty"]
    assert files.folders("gs://archive/none") == []
    assert files.read("gs://archive/a") == b"x"
    files.remove_folder("gs://archive/a")
    assert [stat.uri[13:] for stat in files.walk("gs://archive")] == ["a", "ab/4"]


def test_long_listings_come_in_pages_and_in_ranges(desk: Desk) -> None:
    for number in range(450):
        path = desk.folder / "archive" / "in" / f"{number:03}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    files = GcsFiles(page=20, ranges=4)
    expected = [f"gs://archive/in/{number:03}.jpg" for number in range(450)]
    assert [stat.uri for stat in files.walk("gs://archive/in")] == expected
    cut = files.cut("gs://archive/in")
    assert len(cut.ranges) >= 4
    assert [s.uri for r in cut.ranges for s in files.walk("gs://archive/in", r)] == expected
    pages = desk.client.list_blobs("archive", prefix="in/", page_size=200).pages
    assert [len(list(page)) for page in pages] == [200, 200, 50]
    files._client.close()


def test_only_one_is_first(desk: Desk) -> None:
    desk.files.write_new("gs://archive/lease", b"1")
    with pytest.raises(FileExistsError):
        desk.files.write_new("gs://archive/lease", b"2")
    blob = desk.client.bucket("archive").blob("lease")
    blob.reload()
    first = blob.generation
    blob.upload_from_string(b"3", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string(b"4", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        blob.delete(if_generation_match=first)
    with pytest.raises(OSError, match="lease"):
        desk.files.read("gs://archive/lease", str(first))
    assert desk.files.read("gs://archive/lease") == b"3"


def test_large_objects_come_in_pieces_and_are_composed(desk: Desk) -> None:
    data = os.urandom(9 << 20)
    with desk.files.create("gs://archive/large") as stream:
        stream.write(data)
    bucket = desk.client.bucket("archive")
    bucket.blob("pieces", chunk_size=1 << 20).upload_from_string(data)
    assert desk.files.read("gs://archive/pieces") == data
    assert list((desk.folder / ".uploads").iterdir()) == []
    bucket.blob("both").compose([bucket.blob("large"), bucket.blob("pieces")])
    assert desk.files.read("gs://archive/both") == data * 2


def test_ranges(desk: Desk) -> None:
    desk.files.write("gs://archive/a", b"0123456789")
    path = "/download/storage/v1/b/archive/o/a?alt=media"
    assert desk.get(path) == (200, b"0123456789")
    assert desk.get(path, Range="bytes=2-4") == (206, b"234")
    assert desk.get(path, Range="bytes=8-") == (206, b"89")
    assert desk.get(path, Range="bytes=-3") == (206, b"789")
    assert desk.get(path, Range="bytes=10-")[0] == 416


def test_buckets(desk: Desk) -> None:
    assert not desk.client.bucket("new-one").exists()
    made = desk.client.create_bucket("new-one")
    assert made.exists()
    with pytest.raises(Conflict):
        desk.client.create_bucket("new-one")
    names = [bucket.name for bucket in desk.client.list_buckets()]
    assert names == ["archive", "new-one", "results"]
    with pytest.raises(FileNotFoundError, match="no bucket nope"):
        desk.files.write("gs://nope/a", b"")
    for path in ("/storage/v1/b/..%2F..", "/storage/v1/b/../../etc/o", "/storage/v1/b/.uploads/o"):
        assert desk.get(path)[0] in (404, 501)
    (desk.folder / "new-one").rmdir()
    assert desk.get("/storage/v1/b", Host="example.com")[0] == 403
    assert desk.get("/storage/v1/b", Origin="http://example.com")[0] == 403


def test_a_batch_of_vertex_at_the_desk_with_nothing_else(
    desk: Desk, picture: Any, tmp_path: Path
) -> None:
    (desk.folder / "archive" / "a.jpg").write_bytes(picture((64, 48), "navy"))
    request = request_of()
    file = {"fileUri": "gs://archive/a.jpg", "mimeType": "image/jpeg"}
    request["contents"][0]["parts"].append({"fileData": file})
    (desk.folder / "archive" / "rows.jsonl").write_bytes(jsonl([{"id": "t-1", "request": request}]))
    body = {
        "model": f"publishers/google/models/{MODEL}",
        "inputConfig": {
            "instancesFormat": "jsonl",
            "gcsSource": {"uris": ["gs://archive/rows.jsonl"]},
        },
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://results/out"},
        },
    }
    address = f"{desk.url}/v1/projects/p/locations/global/batchPredictionJobs"
    headers = {"Authorization": "Bearer any"}
    with urlopen(Request(address, json.dumps(body).encode(), headers), timeout=20) as reply:
        job = json.load(reply)
    while "endTime" not in job:
        job = json.loads(desk.get(f"/v1/{job['name']}", **headers)[1])
    assert job["state"] == "JOB_STATE_SUCCEEDED", job
    (path,) = (desk.folder / "results" / "out").glob("prediction-model-*/predictions.jsonl")
    assert json.loads(path.read_bytes())["id"] == "t-1"
