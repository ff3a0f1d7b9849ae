"""The objects of buckets, as files below one folder of this machine.

An object appears whole and under a generation of its own: the time of its file, which is never the
same twice. Checks and changes of one call are not interrupted, as long as one thread makes them.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tierwise.emulator.buckets.object_names import OF_FOLDER, name_of, path_of
from tierwise.emulator.refusals import Refusal

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_UPLOADS = ".uploads"
_MOST_NAME_BYTES = 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object; `generation` changes with its bytes."""

    bucket: str
    name: str
    path: Path
    size: int
    generation: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of an object's generation; 0 stands for none being there."""

    generation_match: int | None = None
    generation_not_match: int | None = None

    def check(self, found: StoredObject | None) -> None:
        """Raises Refusal 412 where they do not hold."""
        generation = found.generation if found else 0
        if self.generation_match not in (None, generation):
            raise _unmet()
        if self.generation_not_match == generation:
            raise _unmet()


class BucketFolder:
    """Buckets are the folders directly in `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._last_generation = 0
        (root / _UPLOADS).mkdir(parents=True, exist_ok=True)

    def buckets(self) -> list[str]:
        """Names of all."""
        found = (path.name for path in self._root.iterdir() if path.is_dir())
        return sorted(name for name in found if _BUCKET.fullmatch(name))

    def create(self, bucket: str) -> None:
        """A new bucket; raises Refusal 400 or 409."""
        if not _BUCKET.fullmatch(bucket):
            raise Refusal(400, f"Invalid bucket name: '{bucket:.80}'")
        try:
            (self._root / bucket).mkdir()
        except FileExistsError as error:
            raise Refusal(409, "Your previous request to create the bucket succeeded.") from error

    def folder(self, bucket: str) -> Path:
        """Where the objects of a bucket lie; raises Refusal 404."""
        path = self._root / bucket
        if not _BUCKET.fullmatch(bucket) or not path.is_dir():
            raise Refusal(404, "The specified bucket does not exist.")
        return path

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """The object of this name; raises Refusal 404 without the bucket."""
        folder = self.folder(bucket)
        written, by_hand = path_of(folder, name), Path(f"{folder}/{name}")
        places = [written, written / OF_FOLDER]
        if not {"", ".", ".."} & set(name.split("/")):
            places.append(by_hand)
        for path in places:
            with suppress(OSError):
                if path.is_file():
                    return _stored(bucket, name, path)
        return None

    def get(self, bucket: str, name: str, generation: int | None = None) -> StoredObject:
        """The object of this name, and of this generation; raises Refusal 404."""
        found = self.find(bucket, name)
        if found is None or generation not in (None, found.generation):
            raise Refusal(404, f"No such object: {bucket}/{name}")
        return found

    def new_file(self) -> Path:
        """Where an upload may be written, beside the buckets."""
        return self._root / _UPLOADS / secrets.token_hex(16)

    def put(self, bucket: str, name: str, file: Path, conditions: Conditions) -> StoredObject:
        """Make a file the object of this name, in the place of an older one.

        Raises:
          Refusal: 400 for a name that cannot be, 404 without the bucket, 412.
        """
        folder = self.folder(bucket)
        if not name or len(name.encode()) > _MOST_NAME_BYTES or "\0" in name:
            raise Refusal(400, f"Invalid object name: {name!r:.80}")
        found = self.find(bucket, name)
        conditions.check(found)
        path = found.path if found else path_of(folder, name)
        self._last_generation = max(time.time_ns(), self._last_generation + 1)
        os.utime(file, ns=(self._last_generation, self._last_generation))
        try:
            self._make_way(folder, path.parent)
            file.replace(path / OF_FOLDER if path.is_dir() else path)
        except OSError as error:
            raise Refusal(400, f"Invalid object name: {error}") from error
        return self.get(bucket, name)

    def delete(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Delete an object, and folders that are empty then; raises Refusal 404, 412."""
        found = self.get(bucket, name)
        conditions.check(found)
        found.path.unlink()
        folder = self.folder(bucket)
        above = found.path.parent
        with suppress(OSError):  # the first that still holds something
            while above != folder:
                above.rmdir()
                above = above.parent

    def listed(self, bucket: str, prefix: str = "") -> list[StoredObject]:
        """Objects whose names begin alike, by name."""
        folder = self.folder(bucket)
        found = ((name_of(folder, path), path) for path in _files(_start(folder, prefix)))
        named = sorted((name, path) for name, path in found if name.startswith(prefix))
        return [_stored(bucket, name, path) for name, path in named if path.is_file()]

    def copy(self, source: StoredObject) -> Path:
        """A copy of an object's bytes, to be put elsewhere."""
        file = self.new_file()
        shutil.copyfile(source.path, file)
        return file

    def _make_way(self, folder: Path, parent: Path) -> None:
        """Make a folder; objects that have the name of one of those above move into it."""
        for above in [*reversed(parent.relative_to(folder).parents), parent.relative_to(folder)]:
            path = folder / above
            if path.is_file():
                aside = self.new_file()
                path.replace(aside)
                path.mkdir()
                aside.replace(path / OF_FOLDER)
        parent.mkdir(parents=True, exist_ok=True)


def _start(folder: Path, prefix: str) -> Path:
    """The deepest folder that everything with this prefix lies in."""
    above, slash, _ = prefix.rpartition("/")
    start = path_of(folder, above) if slash else folder
    while not start.is_dir() and start != folder:
        start = start.parent
    return start


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder, followlinks=True):
        for name in names:
            yield Path(above, name)


def _stored(bucket: str, name: str, path: Path) -> StoredObject:
    found = path.stat()
    return StoredObject(bucket, name, path, found.st_size, found.st_mtime_ns)


def _unmet() -> Refusal:
    return Refusal(412, "At least one of the pre-conditions you specified did not hold.")
