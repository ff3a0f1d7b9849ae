"""Limits and lifetimes of files, which no test waits for or fills a disk with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tierwise.emulator.batches.stored_files import (
    MOST_FILE_BYTES,
    MOST_STORED_BYTES,
    StoredFile,
    StoredFiles,
)
from tierwise.emulator.refusals import Refusal


class Store:
    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 11, 30, tzinfo=UTC)
        self.files = StoredFiles(folder, lambda: self.now)

    def add(self, data: bytes = b"{}", name: str = "") -> StoredFile:
        key = self.files.begin(name=name, display_name="", mime_type="jsonl", size=len(data))
        self.files.upload(key).write(data)
        return self.files.finish(key)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_file_is_gone_after_48_hours(store: Store, tmp_path: Path) -> None:
    file = store.add()
    store.now += timedelta(hours=47)
    assert store.files.get(file.name) == file
    store.now += timedelta(hours=1)
    with pytest.raises(Refusal, match="do not have permission") as refused:
        store.files.get(file.name)
    assert refused.value.status == 403
    assert store.files.all() == []
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_cannot_be(store: Store) -> None:
    for size in (0, MOST_FILE_BYTES + 1):
        with pytest.raises(Refusal, match=f"{size} bytes") as refused:
            store.files.begin(name="", display_name="", mime_type="", size=size)
        assert refused.value.status == 400
    key = store.files.begin(name="", display_name="", mime_type="", size=4)
    store.files.upload(key).write(b"abc")
    with pytest.raises(Refusal, match="after 3 of 4 bytes"):
        store.files.finish(key)
    with pytest.raises(Refusal, match="more bytes than the 4"):
        store.files.upload(key).write(b"de")
    store.files.clear()


def test_a_project_has_room_for_20_gb(store: Store) -> None:
    for _ in range(MOST_STORED_BYTES // MOST_FILE_BYTES):
        key = store.files.begin(name="", display_name="", mime_type="", size=MOST_FILE_BYTES)
        store.files.upload(key).offset = MOST_FILE_BYTES
        store.files.finish(key)
    with pytest.raises(Refusal, match="file_storage_bytes") as refused:
        store.add()
    assert refused.value.status == 429
    store.files.delete(store.files.all()[0].name)
    store.add()


def test_names(store: Store) -> None:
    assert store.add(name="files/mine").name == "files/mine"
    with pytest.raises(Refusal, match="already exists"):
        store.add(name="files/mine")
    for name in ("mine", "files/Mine", "files/-a", f"files/{'a' * 41}", "files/"):
        with pytest.raises(Refusal, match="Invalid file name"):
            store.add(name=name)
    assert store.add(name=f"files/{'a' * 40}")
