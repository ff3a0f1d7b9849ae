"""One spelling for each place, so that a file which a manifest names in several ways is one."""

from __future__ import annotations

import os
import re

_TO_MEND = re.compile(r"/\.?/|/\.?\Z")


def place_of_path(path: str) -> bytes:
    """Where a path leads from here, without `./` and double slashes; an address is as it is.

    What lies behind `..` or a link is not looked up: names that differ there stay two.

    >>> place_of_path("gs://b//a.jpg"), place_of_path("/x/.//a.jpg"), place_of_path("/x/../a.jpg")
    (b'gs://b//a.jpg', b'/x/a.jpg', b'/x/../a.jpg')
    """
    if "://" not in path:
        if not path.startswith("/"):
            path = f"{os.getcwd()}/{path}"  # noqa: PTH109 - a million
        if _TO_MEND.search(path):
            path = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
    return path.encode("utf-8", "surrogatepass")  # names on a disk are bytes
