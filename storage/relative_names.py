"""Where a file of an input goes below an output folder, without its ending."""

from __future__ import annotations

from storage.listing import Input, Kind, fixed_part


def stem_of(found: Input, uri: str) -> str:
    """The path of a file below its input's root; never one that leads out of a folder.

    >>> stem_of(Input("photos/", Kind.FOLDER), "photos/2009/a.b.JPG")
    '2009/a.b'
    >>> stem_of(Input("list.csv", Kind.MANIFEST), "../x/a.png")
    'x/a'
    """
    path = uri.partition("://")[2] or uri
    root = _root(found)
    if root and path.startswith(root + "/"):
        path = path[len(root) + 1 :]
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    name, dot, ending = parts[-1].rpartition(".")
    parts[-1] = name if dot and name else ending
    return "/".join(parts)


def _root(found: Input) -> str:
    uri = found.uri.partition("://")[2] or found.uri
    if found.kind is Kind.FOLDER:
        return uri.rstrip("/")
    if found.kind is Kind.PATTERN:
        return fixed_part(uri)
    return uri.rpartition("/")[0]
