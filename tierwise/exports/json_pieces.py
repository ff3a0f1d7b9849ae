"""JSON documents larger than memory, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson


def json_list(items: Iterable[Any]) -> Iterator[bytes]:
    r"""A list, an item a line.

    >>> b"".join(json_list([1, "a"])), b"".join(json_list([]))
    (b'[\n1,\n"a"\n]', b'[\n]')
    """
    yield from _between(b"[", map(orjson.dumps, items), b"]")


def json_object(pairs: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    r"""An object, a name a line.

    >>> b"".join(json_object([("a", None)]))
    b'{\n"a":null\n}'
    """
    lines = (orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in pairs)
    yield from _between(b"{", lines, b"}")


def _between(begin: bytes, lines: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    yield begin + b"\n"
    before = b""
    for line in lines:
        yield before + line
        before = b",\n"
    yield (b"\n" if before else b"") + end
