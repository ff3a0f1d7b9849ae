"""What is to go: names of pictures, and contents that nothing may tell of any more."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tierwise.errors import InputError

# Stands where a sentence or a cell of another picture had what was forgotten.
FORGOTTEN = "(forgotten)"
_CONTENT = re.compile(r"(?:(sha256|md5):)?([0-9a-f]{64}|[0-9a-f]{32})")
_ALGORITHMS = {64: "sha256", 32: "md5"}


@dataclass(frozen=True, slots=True)
class Going:
    """Rows of these `names` and of these `contents` go; journal and thumbnails know contents alone.

    A content that has other names than those that go is `shared`, and stays.
    """

    names: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    @property
    def marks(self) -> frozenset[str]:
        """By which a second start knows that it is done; nobody can read a name from them."""
        return frozenset(map(mark_of, self.names | self.contents))


def mark_of(word: str) -> str:
    """The mark of a name or a content."""
    return hashlib.sha256(f"forgotten {word}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def content_of(flag: str) -> str:
    """A content hash as tables have it.

    Raises:
        InputError: it is none.

    >>> content_of("AB" * 32)[:12]
    'sha256:ababa'
    """
    found = _CONTENT.fullmatch(flag.strip().lower())
    algorithm = _ALGORITHMS[len(found[2])] if found else ""
    if found is None or found[1] not in (None, algorithm):
        raise InputError(
            f"--content={flag}: is no content hash. Copy it from the column content_hash of the "
            "tables: sha256: and 64 hexadecimal digits, or md5: and 32."
        )
    return f"{algorithm}:{found[2]}"
