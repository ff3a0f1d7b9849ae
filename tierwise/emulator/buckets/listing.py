"""One page of a bucket's listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tierwise.emulator.buckets.bucket_folder import StoredObject

_MOST = 1000
_HIGHEST = "\U0010ffff"


@dataclass(slots=True)
class Page:
    """Objects, common beginnings up to the delimiter, and the name after which to go on."""

    items: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str = ""


def page_of(listed: Sequence[StoredObject], query: Mapping[str, str]) -> Page:
    """What `prefix`, `delimiter`, `startOffset`, `endOffset`, `pageToken`, `maxResults` ask for.

    `listed` are sorted by name, and all begin with the prefix.
    """
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start, end = query.get("startOffset", ""), query.get("endOffset", "")
    after, most = query.get("pageToken", ""), _most(query.get("maxResults", ""))
    page, last = Page(), ""
    for found in listed:
        name = found.name
        if name < start or name <= after or (end and name >= end):
            continue
        if page.prefixes and name.startswith(page.prefixes[-1]):
            continue
        if len(page.items) + len(page.prefixes) == most:
            page.next_token = last
            break
        head, cut, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if cut:
            page.prefixes.append(prefix + head + cut)
            last = page.prefixes[-1] + _HIGHEST
        else:
            page.items.append(found)
            last = name
    return page


def _most(told: str) -> int:
    return min(int(told) or _MOST, _MOST) if told.isdecimal() else _MOST
