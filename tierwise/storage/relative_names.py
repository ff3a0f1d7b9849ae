"""Where a file of an input goes below an output folder, without its ending."""

from __future__ import annotations

import hashlib

from tierwise.storage.listing import Input, InputKind, fixed_part

# Disks take 255 bytes. A digest, a page number and an ending are still to come behind a stem.
_LONGEST_FOLDER, _LONGEST_STEM = 255, 220


def stem_of(found: Input, uri: str) -> str:
    """The path of a file below its input's root; never one that leads out of a folder.

    Names that are too long for a disk are cut, and carry a digest of the whole.

    >>> stem_of(Input("photos/", InputKind.FOLDER), "photos/2009/a.b.JPG")
    '2009/a.b'
    >>> stem_of(Input("list.csv", InputKind.MANIFEST), "../x/a.png")
    'x/a'
    """
    path = uri.partition("://")[2] or uri
    root = _root(found)
    if root and path.startswith(root + "/"):
        path = path[len(root) + 1 :]
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    name, dot, ending = parts[-1].rpartition(".")
    folders = (_cut(part, _LONGEST_FOLDER) for part in parts[:-1])
    return "/".join([*folders, _cut(name if dot and name else ending, _LONGEST_STEM)])


def with_digest(stem: str, text: str) -> str:
    """A name of its own for what would else get the name of something different."""
    return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _cut(part: str, longest: int) -> str:
    """Shorten to so many bytes.

    >>> len(_cut("ü" * 200, 255).encode())
    255
    """
    data = part.encode()
    if len(data) <= longest:
        return part
    room = longest - len(with_digest("", part))
    return with_digest(data[:room].decode("utf-8", "ignore"), part)


def _root(found: Input) -> str:
    uri = found.uri.partition("://")[2] or found.uri
    if found.kind is InputKind.FOLDER:
        return uri.rstrip("/")
    if found.kind is InputKind.PATTERN or found.sharded:
        return fixed_part(uri)
    return uri.rpartition("/")[0]
