"""Which changed pictures the page shows: some of each change, the most frequent changes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_MOST_PICTURES = 240
# Of one change; the page shows at most so many.
_MOST_OF_A_CHANGE = 24
_MOST_CHANGES = 5_000

# A task's number, and what it said and says.
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class ChangedPicture:
    """A picture by its key, `<content hash>#<page>`, and one of its names."""

    key: str
    uri: str
    page: int


@dataclass(slots=True)
class ShownChanges:
    """Pictures with a thumbnail, the first of each change by content hash; `pictured` are keys."""

    pictured: pa.Array
    _found: dict[Key, list[ChangedPicture]] = field(default_factory=dict)

    def add(self, met: pa.Table) -> None:
        """Take in pictures that have met; no more have thumbnails than an output keeps."""
        met = met.filter(met["changed"])
        pages = pc.cast(met["page"], pa.string())
        keys = pc.binary_join_element_wise(met["content"], pages, "#")
        met = met.append_column("key", keys).filter(pc.is_in(keys, self.pictured))
        for row in met.to_pylist():
            change = row["task"], row["old_answer"], row["new_answer"]
            if change not in self._found and len(self._found) >= _MOST_CHANGES:
                continue
            some = self._found.setdefault(change, [])
            some.append(ChangedPicture(row["key"], row["uri"], row["page"]))
            some.sort(key=lambda one: one.key[-20:])
            del some[_MOST_OF_A_CHANGE:]

    def chosen(self, pictures: Mapping[Key, int]) -> dict[Key, list[ChangedPicture]]:
        """From all changes in turn; `pictures` are how many each has, where that is known."""
        order = sorted(self._found, key=lambda one: (one[0], -pictures.get(one, 0), one))
        taken: dict[Key, list[ChangedPicture]] = {}
        for change, one in _in_turn({change: self._found[change] for change in order}):
            if sum(map(len, taken.values())) >= _MOST_PICTURES:
                break
            taken.setdefault(change, []).append(one)
        return {change: taken[change] for change in order if change in taken}


def _in_turn(lists: Mapping[Key, list[ChangedPicture]]) -> Iterator[tuple[Key, Any]]:
    for turn in zip_longest(*lists.values()):
        yield from ((change, one) for change, one in zip(lists, turn, strict=True) if one)
