"""Names of files as text that every table can hold: a disk's names are bytes, and any bytes.

No two files share a name that is shown, and the bytes can be told from it.
"""

from __future__ import annotations

import os
import re

# How bytes are shown that are not UTF-8, all above 127, and the backslash of such a sign itself.
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


def shown_name(path: str) -> str:
    r"""A name as Python gives it, with escapes for bytes that are not UTF-8.

    A backslash that could be taken for the beginning of one is escaped, and no other.

    >>> shown_name("caf\udce9.jpg"), shown_name(r"caf\xe9.jpg"), shown_name(r"folder\new.jpg")
    ('caf\\xe9.jpg', 'caf\\x5cxe9.jpg', 'folder\\new.jpg')
    """
    if "://" in path:  # names in buckets are Unicode
        return path
    return _ESCAPED.sub(rb"\\x5cx\1", os.fsencode(path)).decode("utf-8", "backslashreplace")


def path_of(text: str) -> str:
    r"""The name that is shown so, as Python takes it; other text is a name as it is written.

    >>> path_of(shown_name("caf\udce9.jpg")) == "caf\udce9.jpg"
    True
    """
    if "://" in text:
        return text
    data = text.encode("utf-8", "surrogatepass")
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), data))
