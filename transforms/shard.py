"""What a worker is handed at a time: what one folder of the journal has the answers of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tierwise.answering.groups import Group
from tierwise.records import ImageFile, Record


@dataclass(frozen=True, slots=True)
class Keyed(Record):
    """A file to be asked, and the key under which its twins find its answers.

    `parts` says where its names are in their crowd, 0 where there is but this one.
    """

    share_key: str
    file: ImageFile
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Shard(Record):
    """The files, in the order of their keys, and the groups, in the order of their names.

    Their paid answers lie in one folder of the journal.
    """

    name: str
    files: tuple[Keyed, ...] = ()
    groups: tuple[Group, ...] = ()


def merge_shards(name: str, shards: Iterable[Shard]) -> Shard:
    """The shard of files and that of groups as one; there is at most one of each."""
    parts = list(shards)
    return Shard(
        name,
        files=tuple(file for part in parts for file in part.files),
        groups=tuple(group for part in parts for group in part.groups),
    )


def contents_of(shard: Shard) -> frozenset[str]:
    """The contents of its files, and of its groups."""
    files = {keyed.file.content_hash for keyed in shard.files}
    return frozenset(files | {group.content_hash for group in shard.groups})
