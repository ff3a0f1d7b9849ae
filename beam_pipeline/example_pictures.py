"""The example pictures of tasks: read beside the tasks file that names them, and shrunk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings
from tierwise.storage.files import files_for
from tierwise.storage.seen_from import place_of
from tierwise.tasks.examples import Example, ExamplePictures, FoundPicture


def pictures_in(home: str) -> ExamplePictures:
    """Reads examples, as seen from the folder `home`; hidden files are none."""

    def below(folder: str, settings: ImageSettings) -> Sequence[FoundPicture]:
        root = place_of(home, folder).rstrip("/")
        files = files_for(root)
        names = sorted(stat.uri for stat in files.walk(root))
        below = {uri: uri.removeprefix(f"{root}/") for uri in names}
        shown = [uri for uri, name in below.items() if not _is_hidden(name)]
        return [FoundPicture(below[uri], _example(uri, files.read(uri), settings)) for uri in shown]

    def one(name: str, settings: ImageSettings) -> Example:
        uri = place_of(home, name)
        return _example(uri, files_for(uri).read(uri), settings)

    return ExamplePictures(below, one)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def _example(uri: str, data: bytes, settings: ImageSettings) -> Example:
    picture = optimize(data, name=uri, page=1, settings=settings, limits=Limits())
    hashes = hashlib.sha256(data), hashlib.md5(data, usedforsecurity=False)
    contents = tuple(f"{one.name}:{one.hexdigest()}" for one in hashes)
    size = picture.width, picture.height
    return Example("", contents, *size, picture.mime_type, picture.data)
