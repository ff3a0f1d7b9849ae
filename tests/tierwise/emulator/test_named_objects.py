"""Objects that a request names instead of carrying them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bucket import Bucket
from tierwise.emulator.named_objects import read_objects
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.references import MOST_REFERENCED_BYTES
from tierwise.storage.gcs_names import HOST_VARIABLE

VERTEX = Call(True, "v1beta1", "m", "generateContent", "p")
DEVELOPER = Call(False, "v1beta", "m", "generateContent")


def naming(*uris: str) -> dict[str, Any]:
    parts = [{"file_data": {"file_uri": uri, "mime_type": "image/jpeg"}} for uri in uris]
    return {"contents": [{"parts": [{"text": "Which?"}, *parts]}]}


def read(body: dict[str, Any], call: Call = VERTEX) -> dict[str, bytes]:
    return asyncio.run(read_objects(body, call))


def test_objects_are_read_once_under_whatever_name(bucket: Bucket) -> None:
    uris = ["gs://archive/a b/#1%2F.jpg", "gs://archive/ü.jpg"]
    for number, uri in enumerate(uris):
        bucket.put(uri, bytes([number]))
    assert read(naming(*uris, uris[0])) == {uris[0]: b"\0", uris[1]: b"\1"}
    assert bucket.counts["read by gemini"] == 2


def test_a_request_without_objects_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOST_VARIABLE, raising=False)
    assert read(naming()) == {}


@pytest.mark.parametrize(
    ("uri", "call", "status", "said"),
    [
        ("gs://archive/a.jpg", DEVELOPER, 400, "Invalid or unsupported file uri: gs://archive"),
        ("https://example.com/a.jpg", VERTEX, 400, "Invalid or unsupported file uri"),
        ("gs://archive", VERTEX, 400, "Invalid or unsupported file uri"),
        ("", VERTEX, 400, "Invalid or unsupported file uri"),
        ("gs://archive/none.jpg", VERTEX, 404, "A valid object was not found"),
        ("gs://archive/huge.jpg", VERTEX, 400, "the limit is 30000000"),
    ],
)
def test_what_cannot_be_read_is_refused_as_vertex_does(
    bucket: Bucket, uri: str, call: Call, status: int, said: str
) -> None:
    bucket.put("gs://archive/huge.jpg", bytes(MOST_REFERENCED_BYTES + 1))
    with pytest.raises(Refusal, match=said) as caught:
        read(naming(uri), call)
    assert caught.value.status == status


@pytest.mark.parametrize("host", ["", "https://storage.googleapis.com"])
def test_no_store_but_a_local_one_is_read(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv(HOST_VARIABLE, host)
    with pytest.raises(Refusal, match="does not have storage") as caught:
        read(naming("gs://archive/a.jpg"))
    assert caught.value.status == 403
