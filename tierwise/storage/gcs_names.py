"""Names of objects in Cloud Storage, `gs://bucket/name`, and what a listing tells of them."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from typing import TYPE_CHECKING

from tierwise.errors import InputError
from tierwise.storage.stat import Stat

if TYPE_CHECKING:
    from google.cloud.storage import Blob

SCHEME = "gs://"
# Where there is an emulator in the place of Cloud Storage, for all of Google's own libraries.
HOST_VARIABLE = "STORAGE_EMULATOR_HOST"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


def check_name(uri: str) -> None:
    """Whether this can be an address at all.

    Raises:
        InputError: there is no bucket in it, or one that cannot exist.
    """
    bucket = uri.removeprefix(SCHEME).partition("/")[0]
    if not _BUCKET.fullmatch(bucket):
        raise InputError(
            f"{uri!r}: {bucket!r} cannot be the name of a bucket (3 characters or more: small "
            "letters, digits, - _ .). Write gs://bucket/name."
        )


def split_name(uri: str) -> tuple[str, str]:
    """The bucket and the object of an address."""
    bucket, _, name = uri.removeprefix(SCHEME).partition("/")
    return bucket, name


def split_folder(uri: str) -> tuple[str, str]:
    """The bucket, and the prefix that all names below a folder have."""
    bucket, name = split_name(uri)
    return bucket, name if not name or name.endswith("/") else name + "/"


def stat_of(blob: Blob) -> Stat:
    """What is known of an object that was looked at or listed."""
    uri = f"{SCHEME}{blob.bucket.name}/{blob.name}"
    version = str(blob.generation or "")
    if blob.md5_hash:
        content_hash = "md5:" + base64.b64decode(blob.md5_hash).hex()
    else:
        # An object that was composed of others has no MD5. Its generation is never given again;
        # equal bytes under another name are not known to be equal.
        content_hash = "object:" + hashlib.sha256(f"{uri}#{version}".encode()).hexdigest()
    return Stat(uri, blob.size or 0, content_hash, version, blob.content_type or "")


def content_type_of(uri: str) -> str:
    """The media type that goes with a name."""
    # Browsers show a report only when they are told what it is.
    return mimetypes.guess_type(uri.rpartition("/")[2])[0] or "application/octet-stream"
