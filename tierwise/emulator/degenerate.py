"""Answers of the right form with the wrong values, as batch jobs gave to one dialect of schemas."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def degenerate(text: str) -> str:
    """A JSON answer whose values are all null, or each that of the field before it.

    Which of both is decided by the answer itself. Other texts stay as they are.

    >>> degenerate('[{"a": 1, "b": "x"}]')
    '[{"a": "x", "b": 1}]'
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    shifts = hashlib.sha256(text.encode()).digest()[0] % 2 == 0
    spoilt = _shifted(value) if shifts else _emptied(value)
    if spoilt == value:  # one field, or equal ones
        spoilt = _emptied(value)
    return json.dumps(spoilt, ensure_ascii=False)


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _emptied(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_emptied(one) for one in value]
    return None


def _shifted(value: Any) -> Any:
    if isinstance(value, dict):
        values = list(value.values())
        return dict(zip(value, values[-1:] + values[:-1], strict=True))
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [_shifted(one) for one in value]
    return value[-1:] + value[:-1] if isinstance(value, list) else value
