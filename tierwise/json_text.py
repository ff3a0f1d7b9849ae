"""JSON that somebody else wrote, or spoilt: it ends as a value or as a `ValueError`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def read_json_text(written: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or nested more deeply than anything that is ever written here.
    """
    try:
        return json.loads(written)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_unambiguous_json(written: str | bytes) -> Any:
    """The same, where each name stands once in its object.

    Raises:
        ValueError: a name stands twice, too.
    """
    try:
        return json.loads(written, object_pairs_hook=_of_single_names)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _of_single_names(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice[:80]!r} twice. Leave one out")
    return found
