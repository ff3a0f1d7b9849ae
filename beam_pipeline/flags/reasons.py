"""Reasons of failures as a flag has them, with commas between."""

from __future__ import annotations

from tierwise.errors import InputError
from tierwise.records import Reason


def read_reasons(written: str, flag: str) -> frozenset[Reason]:
    """The reasons named, none in an empty text.

    Raises:
        InputError: one is no reason.
    """
    names = [name.strip() for name in written.split(",") if name.strip()]
    known = {str(reason) for reason in Reason}
    for name in names:
        if name not in known:
            raise InputError(
                f"--{flag}={written}: {name!r} is no reason of a failure. Name some of: "
                f"{', '.join(sorted(known))}."
            )
    return frozenset(map(Reason, names))
