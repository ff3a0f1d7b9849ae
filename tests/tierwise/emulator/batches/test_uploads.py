"""Uploads piece by piece, by plain HTTP: Google's client never asks how much has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

START = "/upload/v1beta/files"


@pytest.fixture
def address(emulator: Any) -> str:
    _, _, headers = emulator.send(START, {"file": {"displayName": "x"}}, headers=begin(6))
    full: str = headers["X-Goog-Upload-URL"]
    return full.removeprefix(emulator.url)


def begin(size: int | str) -> dict[str, str]:
    return {
        "X-Goog-Upload-Protocol": "resumable",
        "X-Goog-Upload-Command": "start",
        "X-Goog-Upload-Header-Content-Length": str(size),
        "X-Goog-Upload-Header-Content-Type": "jsonl",
    }


def command(name: str, offset: int = 0) -> Mapping[str, str]:
    # No key: the address itself stands for whoever began.
    return {
        "X-Goog-Upload-Command": name,
        "X-Goog-Upload-Offset": str(offset),
        "x-goog-api-key": "",
    }


def test_pieces_in_turn(emulator: Any, address: str) -> None:
    assert emulator.send(address, b"abc", headers=command("upload"))[0] == 200
    _, _, headers = emulator.send(address, b"", headers=command("query"))
    assert headers["X-Goog-Upload-Status"] == "active"
    assert headers["X-Goog-Upload-Size-Received"] == "3"
    # One that was sent twice, and one too early.
    for offset in (0, 4):
        assert emulator.send(address, b"abc", headers=command("upload", offset))[0] == 400
    status, reply, headers = emulator.send(address, b"def", headers=command("upload, finalize", 3))
    assert (status, headers["X-Goog-Upload-Status"]) == (200, "final")
    file = reply["file"]
    assert (file["sizeBytes"], file["mimeType"], file["displayName"]) == ("6", "jsonl", "x")
    assert file["state"] == "ACTIVE"
    assert emulator.send(address, b"", headers=command("query"))[0] == 404


def test_what_is_broken_off(emulator: Any, address: str) -> None:
    assert emulator.send(address, b"abc", headers=command("upload, finalize"))[0] == 400
    assert emulator.send(address, b"", headers=command("cancel"))[0] == 200
    assert emulator.send(address, b"", headers=command("cancel"))[0] == 404
    assert emulator.send("/v1beta/files", method="GET")[1] == {"files": []}


def test_calls_that_cannot_be(emulator: Any, address: str) -> None:
    assert emulator.send(address, b"abc", headers=command("explode"))[0] == 400
    assert emulator.send(START, b"{", headers=begin(3))[0] == 400
    for size in ("", "x", str(2**31 + 1)):
        assert emulator.send(START, {}, headers=begin(size))[0] == 400
    assert emulator.send(START, {}, headers=begin(3) | {"x-goog-api-key": ""})[0] == 403


def test_files_are_listed_by_pages(emulator: Any) -> None:
    names = []
    for _ in range(3):
        headers = emulator.send(START, {}, headers=begin(1))[2]
        path = headers["X-Goog-Upload-URL"].removeprefix(emulator.url)
        reply = emulator.send(path, b"a", headers=command("upload, finalize"))[1]
        names.append(reply["file"]["name"])
    first = emulator.send("/v1beta/files?pageSize=2", method="GET")[1]
    query = f"pageSize=2&pageToken={first['nextPageToken']}"
    rest = emulator.send(f"/v1beta/files?{query}", method="GET")[1]
    assert [file["name"] for page in (first, rest) for file in page["files"]] == names[::-1]
    assert emulator.send("/v1beta/files?pageSize=x", method="GET")[0] == 400
    downloaded = emulator.send(f"/v1beta/{names[0]}:download?alt=media", method="GET")
    assert downloaded[0] == 400  # what was uploaded cannot be downloaded
