"""Writes the part of the lock file that workers need: no tests, no browsers, no linters.

python -m templates.requirements

What a package needs is read from what is installed, for Linux and this Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK, REQUIREMENTS = ROOT / "requirements.txt", ROOT / "templates" / "requirements.txt"
# Builds the program's own wheel in the image, where nothing is fetched unpinned.
_BUILDER = "setuptools"


# A job's workers can install no extra: local answers have to be there for those who want them.
_LISTS = ("DEPENDENCIES", "LOCAL_DEPENDENCIES")


def dependencies() -> list[str]:
    """What `setup.py` says that the program needs on a cluster."""
    lists: dict[str, list[str]] = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _LISTS
    }
    return [dependency for name in _LISTS for dependency in lists[name]]


def needed(roots: list[str]) -> set[str]:
    """The names of everything that these requirements bring, themselves included."""
    found: set[str] = set()
    waiting = [Requirement(root) for root in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            found.add(name)
            waiting += _brings(name, extras)
    return found


def _brings(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def text() -> str:
    """What has to be in the file: the lock file's own lines, pins and hashes."""
    wanted = needed([*dependencies(), _BUILDER])
    blocks = re.split(r"^(?=\S)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return "".join(
        block
        for block in blocks
        if (named := re.match(r"[A-Za-z0-9._-]+", block)) and canonicalize_name(named[0]) in wanted
    )


if __name__ == "__main__":
    REQUIREMENTS.write_text(text(), encoding="utf-8")
