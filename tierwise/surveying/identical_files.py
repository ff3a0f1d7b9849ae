"""How many files of an archive are identical, found out by reading as little as possible."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError
from tierwise.images.limits import LARGEST_FILE_BYTES
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.regular_files import open_regular
from tierwise.tasks import Task
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import FILENAME

# Of files that may be identical, so many are compared; the others are taken to be like them.
_MOST_COMPARED = 2_000
# So much is read to compare files, and as much to look for their answers in a journal.
_MOST_BYTES = 4_000_000_000
# What stands at their ends tells most files of one size apart.
_END_BYTES = 4096


def content_hash(named: Named) -> str:
    """The hash of a file's content, empty when it is not read; a bucket's listing tells it."""
    if named.known:
        return named.known.content_hash
    try:
        if is_large(size_of(named)):
            check_head(named.path, named.uri)
        return files_for(named.path).content_hash(named.path)
    except (ImageError, OSError, ValueError):  # it will be one row of failures
        return ""


def affordable(named: Iterable[Named], most: int = _MOST_BYTES) -> list[Named]:
    """The first of these names whose contents can be hashed by reading so many bytes."""
    chosen = []
    for name in named:
        size = 0 if name.known else size_of(name)
        most -= size if size <= LARGEST_FILE_BYTES else 0  # larger ones are not read
        if most < 0:
            break
        chosen.append(name)
    return chosen


@dataclass(frozen=True, slots=True)
class Twins:
    """By task, URIs of names that share their question with a name before them.

    `others` are names of a content that has another. Each that was found stands for `scale`, which
    is 1 where all that may be identical were compared.
    """

    sharing: Mapping[str, frozenset[str]]
    others: int
    scale: float = 1.0

    def contents(self, names: int) -> float:
        """How many contents so many names have, at least one."""
        return max(1.0, names - self.others * self.scale)


def twins_in(
    named: Sequence[Named], sizes: Mapping[str, int], tasks: Sequence[Task], rng: random.Random
) -> Twins:
    """The twins among some names, whose `sizes` are bytes by URI, 0 where they are not known.

    Only files of one size are read, of those at most some thousands, and some gigabytes, and of
    most their ends alone. Files that
    a manifest names in a bucket are taken to differ: their sizes would take a request each.
    """
    by_size: Mapping[int, list[Named]] = defaultdict(list)
    for name in named:
        if (size := sizes[name.uri]) <= LARGEST_FILE_BYTES:
            by_size[size].append(name)
    groups = [group for size, group in by_size.items() if size and len(group) > 1]
    rng.shuffle(groups)
    compared: list[Named] = []
    for group in groups:
        compared += group[: _MOST_COMPARED - len(compared)]
    compared = affordable(compared)
    by_ends: Mapping[tuple[int, bytes], list[Named]] = defaultdict(list)
    for name in compared:
        by_ends[sizes[name.uri], _ends(name)].append(name)
    by_content: Mapping[str, list[Named]] = defaultdict(list)
    for alike in by_ends.values():
        for name in alike:
            content = content_hash(name) if len(alike) > 1 else ""
            by_content[content or name.uri].append(name)
    return Twins(
        {
            task.name: frozenset(
                uri for same in by_content.values() for uri in _sharing(task, same)
            )
            for task in tasks
        },
        len(compared) - len(by_content),
        sum(map(len, groups)) / len(compared) if compared else 1.0,
    )


def _ends(named: Named) -> bytes:
    """The first and last bytes of a local file; nothing of others, and of one that is not read."""
    if named.known or "://" in named.path:
        return b""
    try:
        with open_regular(named.path, buffering=0) as file:
            first = file.read(_END_BYTES)
            file.seek(-min(_END_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return first + file.read(_END_BYTES)
    except (OSError, ValueError):
        return b""


def _sharing(task: Task, same: Sequence[Named]) -> Iterator[str]:
    """Those of these names of one content that share a task's question with one before them."""
    used = [name for name in used_variables(task.prompt) if name not in task.variables]
    used += [task.sizes.column] if task.sizes and task.sizes.column else []
    seen = set[tuple[object, ...]]()
    for named in same:
        file_name = named.uri.rpartition("/")[2]
        values = tuple(file_name if key == FILENAME else named.columns.get(key) for key in used)
        if values in seen:
            yield named.uri
        seen.add(values)


def size_of(named: Named) -> int:
    """In bytes; 0 where it is not known at once."""
    if named.known:
        return named.known.bytes
    try:
        return 0 if "://" in named.path else os.stat(named.path).st_size  # noqa: PTH116 - a million
    except (OSError, ValueError):
        return 0
