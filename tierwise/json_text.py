"""JSON that somebody else wrote, or spoilt: it ends as a value or as a `ValueError`."""

from __future__ import annotations

import json
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
