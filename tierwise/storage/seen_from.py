"""Where names lead that are written in a file, as seen from the folder in which it lies."""

from __future__ import annotations

from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import files_for
from tierwise.storage.shown_names import path_of


def folder_of(uri: str) -> str:
    """The folder of a file; empty for where the command is given.

    >>> folder_of("lists/a.csv"), folder_of("gs://b/a.csv"), folder_of("/a.csv"), folder_of("a.csv")
    ('lists', 'gs://b', '/', '')
    """
    folder, slash, _ = uri.rpartition("/")
    return folder or slash


def resolve(folder: str, uri: str) -> str:
    """Where to read what a file in this folder names.

    >>> resolve("lists", "a/b.jpg"), resolve("lists", "/data/b.jpg")
    ('lists/a/b.jpg', '/data/b.jpg')
    """
    if "://" in uri or uri.startswith("/"):
        return uri
    if not folder:
        return uri
    return f"/{uri}" if folder == "/" else f"{folder}/{uri}"


def place_of(folder: str, uri: str) -> str:
    """The same as Python takes it.

    Raises:
        InputError: its kind of address is not supported.
    """
    if uri[:5].lower() == "file:":
        return local_path(uri)
    path = resolve(folder, uri)
    files_for(path)
    return path_of(path)
