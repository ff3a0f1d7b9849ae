"""The pictures that a request carries, as it was written."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any


def pictures_of(request: Any) -> Iterator[bytes]:
    """The bytes of each picture in a request's JSON; what is spoilt is passed over."""
    if isinstance(request, list):
        for one in request:
            yield from pictures_of(one)
    if not isinstance(request, dict):
        return
    for name, value in request.items():
        if name in {"inlineData", "inline_data"} and isinstance(value, dict):
            try:
                yield base64.b64decode(value.get("data") or "")
            except (binascii.Error, TypeError, ValueError):
                continue
        else:
            yield from pictures_of(value)
