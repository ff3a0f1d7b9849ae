"""Links of a disk, and where they lead."""

from __future__ import annotations

import os
from collections.abc import Iterable


def leading_out(parent: str, names: Iterable[str], inside: str) -> frozenset[str]:
    """Which of these names of a folder are links out of the folder `inside`."""
    links = (name for name in names if os.path.islink(os.path.join(parent, name)))  # noqa: PTH114, PTH118
    out = []
    for name in links:
        target = os.path.realpath(os.path.join(parent, name))  # noqa: PTH118
        if os.path.commonpath([inside, target]) != inside:
            out.append(name)
    return frozenset(out)
