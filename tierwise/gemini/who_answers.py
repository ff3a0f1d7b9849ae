"""Whether an emulator answers at an address, and which: it says so itself.

Our emulator names itself in a header of every reply. Whoever does not is taken for what the flags
say: a gateway to Gemini may well stand on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tierwise.emulated import HEADER, PATH

_TIMEOUT_S = 5.0
_LONGEST_NAME = 200


def emulator_named(headers: Mapping[str, str]) -> str:
    """What an emulator says of itself in a reply's headers (in lower case), empty for others."""
    return _name(headers.get(HEADER))


def emulator_at(endpoint: str) -> str:
    """What the emulator at a base URL says of itself; empty where none does, or nobody answers.

    Nothing of a picture or a key is sent.
    """
    request = Request(endpoint + PATH)  # noqa: S310 - the flag was checked to be a web address
    try:
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_S) as reply:
            return _name(reply.headers.get(HEADER))
    except HTTPError as error:
        return _name(error.headers.get(HEADER))
    except (OSError, ValueError, HTTPException):
        return ""


def _name(said: str | None) -> str:
    """What is fit to be shown: whoever answers there may say anything."""
    return "".join(sign for sign in said or "" if sign.isprintable())[:_LONGEST_NAME]


class _NoRedirects(HTTPRedirectHandler):
    """Whoever sends us on answers in no name but its own."""

    def redirect_request(self, *_: object) -> None:
        """None: the redirect itself is the reply."""
