"""Addresses of files of this machine: `file:///folder/a%20b.jpg`."""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes

from tierwise.errors import InputError

_SCHEME = "file:"
_HERE = ("", "localhost")


def local_path(uri: str) -> str:
    """The path that an address of a file names; anything else as it is.

    Raises:
        InputError: it is a file of another machine.

    >>> local_path("file:///photos/a%20b.jpg"), local_path("file:/a.jpg"), local_path("gs://b/a")
    ('/photos/a b.jpg', '/a.jpg', 'gs://b/a')
    """
    if uri[: len(_SCHEME)].lower() != _SCHEME or uri[len(_SCHEME) :][:1] != "/":
        return uri
    path = uri[len(_SCHEME) :]
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        if host.lower() not in _HERE:
            raise InputError(
                f"{uri!r}: names a file of the machine {host!r}. Write file:///folder/name, or a "
                "local path."
            )
        path = slash + path
    return os.fsdecode(unquote_to_bytes(path))
