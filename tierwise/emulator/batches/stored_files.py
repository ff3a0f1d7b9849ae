"""Files of the Developer API: uploaded in pieces, kept on this machine's disk for 48 hours.

Limits as of 2026-11: 2 GB per file, 20 GB per project (ai.google.dev/gemini-api/docs/files). What
is not there, or not any more, is answered like what is another's: 403, also where it was deleted.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from tierwise.emulator.refusals import Refusal

MOST_FILE_BYTES = 2 * 1024**3
MOST_STORED_BYTES = 20 * 1024**3
_LIFETIME = timedelta(hours=48)
_MOST_ID = 40
_NAME = re.compile(r"files/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SIGNS = string.ascii_lowercase + string.digits


def random_id(length: int) -> str:
    """Lower-case letters and digits, as Google names what it makes."""
    return "".join(secrets.choice(_SIGNS) for _ in range(length))


def timestamp(moment: datetime) -> str:
    """A moment in UTC as JSON has it, to the microsecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True)
class Upload:
    """One upload under way; `offset` bytes of `size` have come."""

    name: str
    display_name: str
    mime_type: str
    size: int
    path: Path
    file: BinaryIO
    sha256: Any = field(default_factory=hashlib.sha256)
    offset: int = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
          Refusal: 400, there are more than were announced.
        """
        self.offset += len(data)
        if self.offset > self.size:
            raise Refusal(400, f"The upload has more bytes than the {self.size} announced.")
        self.file.write(data)
        self.sha256.update(data)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole file."""

    name: str
    display_name: str
    mime_type: str
    size: int
    path: Path
    sha256: bytes
    created: datetime

    @property
    def expires(self) -> datetime:
        """When it is deleted."""
        return self.created + _LIFETIME

    def document(self, base_url: str) -> dict[str, Any]:
        """The `File` that the API shows."""
        shown = {"displayName": self.display_name} if self.display_name else {}
        created = timestamp(self.created)
        # As Google writes it: base64 of the hexadecimal digits.
        digest = base64.b64encode(self.sha256.hex().encode()).decode()
        return (
            {"name": self.name}
            | shown
            | {
                "mimeType": self.mime_type,
                "sizeBytes": str(self.size),
                "createTime": created,
                "updateTime": created,
                "expirationTime": timestamp(self.expires),
                "sha256Hash": digest,
                "uri": f"{base_url}/v1beta/{self.name}",
                "state": "ACTIVE",
                "source": "UPLOADED",
            }
        )


class StoredFiles:
    """The files of one project below a folder of this machine; `now` gives the time in UTC."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._files: dict[str, StoredFile] = {}
        self._uploads: dict[str, Upload] = {}

    def begin(self, *, name: str, display_name: str, mime_type: str, size: int) -> str:
        """Begin an upload; gives its id. Without a `name` the file gets one.

        Raises:
          Refusal: 400 for a size or name that cannot be, 409 for a name that there is, 429 where
            the project has no room.
        """
        if not 0 < size <= MOST_FILE_BYTES:
            raise Refusal(400, f"The file has {size} bytes; the limit is {MOST_FILE_BYTES}.")
        if name:
            check_name(name)
        if name in self._living():
            raise Refusal(409, f"The file {name} already exists.")
        stored = sum(file.size for file in self._living().values())
        if stored + size > MOST_STORED_BYTES:
            raise Refusal(
                429,
                "You have exceeded the quota for file storage: file_storage_bytes, limit: "
                f"{MOST_STORED_BYTES}, stored: {stored}, asked for: {size}.",
            )
        key = secrets.token_hex(16)
        path = self._folder / f"upload-{key}"
        name = name or f"files/{random_id(12)}"
        self._uploads[key] = Upload(name, display_name, mime_type, size, path, path.open("wb"))
        return key

    def upload(self, key: str) -> Upload:
        """An upload under way.

        Raises:
          Refusal: 404, there is none.
        """
        if key not in self._uploads:
            raise Refusal(404, "The upload does not exist, or is over.")
        return self._uploads[key]

    def finish(self, key: str) -> StoredFile:
        """The file of an upload, whose bytes have all come.

        Raises:
          Refusal: 400, some are missing.
        """
        upload = self.upload(key)
        if upload.offset != upload.size:
            raise Refusal(400, f"The upload ends after {upload.offset} of {upload.size} bytes.")
        self.drop(key)
        file = StoredFile(
            upload.name,
            upload.display_name,
            upload.mime_type,
            upload.size,
            upload.path,
            upload.sha256.digest(),
            self._now(),
        )
        self._files[file.name] = file
        return file

    def drop(self, key: str) -> None:
        """Forget an upload; its bytes stay where they are."""
        self._uploads.pop(key).file.close()

    def get(self, name: str) -> StoredFile:
        """One file.

        Raises:
          Refusal: 400 for what cannot be a file's name, 403 where there is none.
        """
        check_name(name)
        if name not in self._living():
            identifier = name.removeprefix("files/")
            raise Refusal(
                403,
                f"You do not have permission to access the File {identifier} or it may not exist.",
            )
        return self._files[name]

    def delete(self, name: str) -> None:
        """Delete one file; raises as `get` does. A job that reads it goes on."""
        self.get(name)
        self._files.pop(name).path.unlink(missing_ok=True)

    def all(self) -> list[StoredFile]:
        """Every file, newest first."""
        return list(reversed(self._living().values()))

    def clear(self) -> None:
        """Delete every file and upload."""
        for key in list(self._uploads):
            self.drop(key)
        self._files.clear()
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)

    def _living(self) -> dict[str, StoredFile]:
        for name, file in list(self._files.items()):
            if file.expires <= self._now():
                self._files.pop(name).path.unlink(missing_ok=True)
        return self._files


def check_name(name: str) -> None:
    """Refuse what cannot be the name of an uploaded file.

    Raises:
      Refusal: 400; also for the output of a batch job, whose name is too long.
    """
    if not _NAME.fullmatch(name) or len(name.removeprefix("files/")) > _MOST_ID:
        raise Refusal(
            400,
            f"Invalid file name: {name:.80}. The ID has at most {_MOST_ID} lowercase letters, "
            "digits or dashes.",
        )
