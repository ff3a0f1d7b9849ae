"""Whether the page in an output is one of tierwise's, which may be replaced."""

from __future__ import annotations

from tierwise.accounts.table_names import PAGE_FILE
from tierwise.errors import InputError
from tierwise.storage.files import files_for, join

# What every page of every version begins with, and no other program's.
_HEAD_BYTES = 2_000
_SIGNS = (b'http-equiv="Content-Security-Policy"', b'<meta name="referrer" content="no-referrer">')


def check_page(output: str) -> None:
    """Refuse an output whose `report.html` is somebody else's; raises InputError."""
    uri = join(output, PAGE_FILE)
    files = files_for(uri)
    if not files.exists(uri):
        return
    with files.open(uri) as page:
        head = page.read(_HEAD_BYTES)
    if not all(sign in head for sign in _SIGNS):
        raise InputError(
            f"{uri}: is no page of tierwise, which would be written in its place. Move it away, or "
            "give another --output."
        )
