"""One page of a listing, and the token of the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tierwise.emulator.refusals import Refusal

_MOST = 100
_USUAL = 50
T = TypeVar("T")


def page_of(
    listed: Sequence[T], query: Mapping[str, str], name: Callable[[T], str]
) -> tuple[Sequence[T], str]:
    """What a query with `pageSize` and `pageToken` shows, and the next token, "" at the end.

    A token names the last that was shown, so that what is new at the top shifts no page.

    Raises:
      Refusal: 400, for a size or token that cannot be.
    """
    size = query.get("pageSize") or str(_USUAL)
    if not size.isdecimal():
        raise Refusal(400, f"Invalid page size: {size:.40}.")
    most = min(int(size) or _USUAL, _MOST)
    start = _after(listed, query.get("pageToken", ""), name)
    shown = listed[start : start + most]
    more = start + most < len(listed)
    return shown, base64.urlsafe_b64encode(name(shown[-1]).encode()).decode() if more else ""


def _after(listed: Sequence[T], token: str, name: Callable[[T], str]) -> int:
    if not token:
        return 0
    try:
        last = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refusal(400, "Invalid page token.") from error
    return next((i + 1 for i, one in enumerate(listed) if name(one) == last), len(listed))
