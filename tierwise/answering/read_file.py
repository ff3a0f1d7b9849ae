"""The bytes of a file that was listed, or why there are none; runs in worker threads."""

from __future__ import annotations

import errno
import hashlib

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError, StoreError
from tierwise.images.limits import Limits
from tierwise.records import STORE_REASONS, ImageFile
from tierwise.storage.files import files_for
from tierwise.storage.patience import read_patiently

_CHANGED = "the file was changed after it was listed; run again"


def problem_of(file: ImageFile) -> ImageError:
    """Why a file was not read when it was listed."""
    if file.problem_reason in STORE_REASONS:
        return StoreError(file.problem_reason, file.problem, ended=file.untried)
    return ImageError(file.problem_reason, file.problem)


def read_file(file: ImageFile, limits: Limits) -> bytes:
    """The very bytes that `content_hash` was made of.

    Raises:
        ImageError: they are there no more, or cannot be read.
    """
    if file.problem:
        raise problem_of(file)

    def read() -> bytes:
        if is_large(file.bytes):
            check_head(file.path, file.uri)
        return _listed_bytes(file)

    return read_patiently(read, file.path, file.uri, limits.patience_s)


def _listed_bytes(file: ImageFile) -> bytes:
    files = files_for(file.path)
    try:
        return files.read(file.path, file.version, waits=False)
    except OSError as error:
        if error.errno != errno.ESTALE or not file.content_hash.startswith("sha256:"):
            raise
    data = files.read(file.path, waits=False)  # touched, perhaps, and the same as before
    if file.content_hash != "sha256:" + hashlib.sha256(data).hexdigest():
        raise OSError(errno.ESTALE, _CHANGED, file.path)
    return data
