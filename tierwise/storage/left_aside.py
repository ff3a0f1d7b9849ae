"""Names that are no picture of an archive, by the names that programs and systems give them.

What they are stands in `facts/left_aside.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from tierwise.name_patterns import expression
from tierwise.skipped_files import Kind

# Plainly no pictures; everything else is tried, an unknown or missing ending included.
_ENDINGS = """
aae csv db gz html ini json jsonl log md ndjson parquet tsv txt xmp yaml yml zip
avi m4a m4v mkv mov mp3 mp4 wav
"""
_NO_PICTURES = frozenset(_ENDINGS.split())


class _Names(NamedTuple):
    """What is searched for: `alone` in a path, `nested` in one with the name of its root.

    The group that matched is the kind. `but` is exempt from `nested`.
    """

    alone: re.Pattern[str]
    nested: re.Pattern[str]
    but: re.Pattern[str]


def kind_of_name(path: str, above: str = "") -> Kind | None:
    """Why a name is left aside, by its path below the folder that is listed; None if it is not.

    `above` is the name of that folder: whoever lists a photo library itself lists its originals.
    The path of a folder ends with a slash.

    >>> paths = ("a/@eaDir/b.jpg/SYNO.jpg", "L Previews.lrdata/0/1.jpg", "$RECYCLE.BIN/x.png")
    >>> [str(kind_of_name(path)) for path in (*paths, "a/b.jpg")]
    ['previews', 'previews', 'recycle_bins', 'None']
    >>> library, names = "Fotos.photoslibrary", ("originals/0/1.heic", "resources/1.jpeg")
    >>> [str(kind_of_name(f"{library}/{name}")) for name in names]
    ['None', 'previews']
    >>> [str(kind_of_name(name, library)) for name in names]
    ['None', 'previews']
    """
    names, whole = _names(), f"/{above}/{path}"
    found = names.alone.search(f"/{path}") or names.nested.search(whole)
    if found is None or (found.re is names.nested and names.but.search(whole)):
        return None
    return Kind(str(found.lastgroup))


def is_hidden(path: str) -> bool:
    """Whether a name or a folder above it begins with a dot.

    >>> is_hidden("a/.trash/b.jpg"), is_hidden("a.b/c.jpg")
    (True, False)
    """
    return "/." in "/" + path


def is_plainly_no_picture(path: str) -> bool:
    """Whether the ending alone says so.

    >>> [is_plainly_no_picture(name) for name in ("a/b.JPG", "a/b", "a/b.XMP")]
    [False, False, True]
    """
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    return bool(dot) and ending.lower() in _NO_PICTURES


@cache
def _names() -> _Names:
    text = (files("tierwise") / "facts" / "left_aside.toml").read_text(encoding="utf-8")
    facts: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    alone, nested, but = [], [], []
    for kind, rows in facts.items():
        patterns = [one for row in rows for one in _expressions(row)]
        alone.append(_group(kind, [found for found, deep in patterns if not deep]))
        nested.append(_group(kind, [found for found, deep in patterns if deep]))
        but += [expression(name) for row in rows for name in row.get("but", ())]
    whole = ("|".join(filter(None, some)) for some in (alone, nested, but))
    return _Names(*(re.compile(one, re.DOTALL | re.IGNORECASE) for one in whole))


def _expressions(row: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each with whether it names several levels."""
    for name in row.get("folders", ()):
        yield expression(name), "/" in name.rstrip("/")
    for name in row.get("files", ()):
        yield expression(name, of_files=True), False


def _group(kind: str, expressions: list[str]) -> str:
    return f"(?P<{kind}>{'|'.join(expressions)})" if expressions else ""
