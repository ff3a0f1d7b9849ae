"""Whether a page is one of tierwise's, which may be replaced."""

from __future__ import annotations

from tierwise.errors import InputError
from tierwise.storage.files import files_for

# What every page of every version begins with, and no other program's.
_HEAD_BYTES = 2_000
_SIGNS = (b'http-equiv="Content-Security-Policy"', b'<meta name="referrer" content="no-referrer">')


def is_own_page(uri: str) -> bool:
    """Whether a page that is there is one of tierwise's."""
    with files_for(uri).open(uri) as page:
        head = page.read(_HEAD_BYTES)
    return all(sign in head for sign in _SIGNS)


def check_page(uri: str) -> None:
    """Refuse to write over a page that is somebody else's; raises InputError."""
    if files_for(uri).exists(uri) and not is_own_page(uri):
        raise InputError(
            f"{uri}: is no page of tierwise, which would be written in its place. Move it away, or "
            "give another --output."
        )
