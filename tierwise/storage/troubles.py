"""What a bucket or disk fails with, told apart from what is wrong with a picture or its name.

| what came                                                            | reason            | waits |
|----------------------------------------------------------------------|-------------------|-------|
| 401, 403, another 4xx, a billing account that is closed; EACCES      | store_refused     | no    |
| 404, 412, ENOENT, ESTALE: gone, or changed since it was listed       | store_unavailable | no    |
| EIO, and whatever else a system says                                 | store_unavailable | no    |
| 408, 429, 5xx, no reply; ENOTCONN, EHOSTDOWN, EMFILE: it may pass    | store_unavailable | yes   |
| a name that no file can have                                         | unreadable        | no    |

Cloud Storage comes as the errors that a disk would raise: `gcs_errors.py`.
"""

from __future__ import annotations

import errno

from tierwise.errors import ImageError, StoreError
from tierwise.records import Reason
from tierwise.storage.regular_files import NoRegularFileError

_REFUSED = {errno.EACCES, errno.EPERM}
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.EISDIR}
# A server that is away, a network, a process that has too much open: worth a wait.
_PASSING = {
    *(errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT, errno.EINTR, errno.EMFILE, errno.ENFILE),
    *(errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
    *(errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.ENOBUFS, errno.ENOMEM),
    *(errno.ENETRESET, errno.ESHUTDOWN, errno.EPIPE),
}
# It is another file, or none, that a store in good health speaks of.
_OF_ONE_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ESTALE, *_OF_THE_NAME}


def passes(error: OSError) -> bool:
    """Whether the same may go well a moment later."""
    return error.errno in _PASSING


def is_of_the_store(error: OSError) -> bool:
    """Whether others may fare alike; not so where one file is gone, or is none."""
    return error.errno not in _OF_ONE_FILE


def why_unread(name: str, error: OSError | ValueError, *, ended: bool = False) -> ImageError:
    """What a name's failure rows say; `ended` where its store is not asked any more.

    A ValueError is Python's for a name that no file can have.
    """
    if isinstance(error, NoRegularFileError):
        return ImageError(Reason.UNSUPPORTED_FORMAT, f"{name}: {error.strerror}")
    if not isinstance(error, OSError) or error.errno in _OF_THE_NAME:
        said = getattr(error, "strerror", None) or str(error)
        return ImageError(Reason.UNREADABLE, f"{name}: {said}")
    reason = Reason.STORE_REFUSED if error.errno in _REFUSED else Reason.STORE_UNAVAILABLE
    said = error.strerror or str(error) or type(error).__name__
    return StoreError(reason, f"{name}: {said}", passes=passes(error), ended=ended)
