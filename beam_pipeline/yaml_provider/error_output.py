"""Beam YAML's `error_handling`: where failures go. They need a place, for nothing may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.errors import InputError

GOOD = "good"


def error_output(transform: str, error_handling: Mapping[str, Any] | None) -> str:
    """The name of the output for failures.

    Raises:
        InputError: there is none, or more is said than its name.
    """
    output = (error_handling or {}).get("output")
    if not isinstance(output, str) or not output or output == GOOD or len(error_handling or {}) > 1:
        raise InputError(
            f"{transform}: images that fail need an output of their own. Write error_handling: "
            "{output: failures}, and read it as NAME.failures."
        )
    return output
