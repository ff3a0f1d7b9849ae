"""Who may use control paths and buckets: programs of this machine, and no page of another site.

A browser lets any page send requests to this machine. What betrays it is the address that the page
believed to be another site's (`Host`), or the site that it came from (`Origin`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tierwise.emulator.refusals import Refusal

_LOOPBACK = re.compile(
    r"(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]|\[::ffff:127(?:\.\d{1,3}){3}\])(?::\d{1,5})?",
    re.IGNORECASE,
)
_FOREIGN_FETCHES = frozenset({"cross-site", "same-site"})


def check_door(headers: Mapping[str, str]) -> None:
    """Refuse a request to a control path or bucket that this machine did not mean.

    Raises:
      Refusal: 403, the host is not a loopback address, or a page of another origin sent it.
    """
    host, origin = headers.get("Host", ""), headers.get("Origin")
    if not _LOOPBACK.fullmatch(host):
        raise Refusal(
            403,
            f"Control paths and buckets answer this machine alone, not the host {host!r:.80}. "
            "Call them by http://127.0.0.1 or http://localhost.",
        )
    foreign = headers.get("Sec-Fetch-Site", "").lower() in _FOREIGN_FETCHES
    if foreign or (origin is not None and origin.lower() != f"http://{host}".lower()):
        raise Refusal(
            403, f"Control paths and buckets answer no page of another origin ({origin!r:.80})."
        )
