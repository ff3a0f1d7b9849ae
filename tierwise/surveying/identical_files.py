"""How many files of an archive are identical, found out by reading as little as possible."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError
from tierwise.images.limits import LARGEST_FILE_BYTES
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.tasks import Task
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import FILENAME

# Of files that may be identical, so many are compared; the others are taken to be like them.
_MOST_COMPARED = 2_000
# So much is read to compare files, and as much to look for their answers in a journal.
_MOST_BYTES = 4_000_000_000


def content_hash(named: Named) -> str:
    """The hash of a file's content, empty when it is not read; a bucket's listing tells it."""
    if named.known:
        return named.known.content_hash
    try:
        if is_large(_size(named)):
            check_head(named.path, named.uri)
        return files_for(named.path).content_hash(named.path)
    except (ImageError, OSError, ValueError):  # it will be one row of failures
        return ""


def affordable(named: Iterable[Named], most: int = _MOST_BYTES) -> list[Named]:
    """The first of these names whose contents can be hashed by reading so many bytes."""
    chosen = []
    for name in named:
        size = 0 if name.known else _size(name)
        most -= size if size <= LARGEST_FILE_BYTES else 0  # larger ones are not read
        if most < 0:
            break
        chosen.append(name)
    return chosen


def twins_in(named: Sequence[Named], tasks: Sequence[Task], rng: random.Random) -> dict[str, int]:
    """By task, how many names share their question with a name before them.

    Only files of one size are read, of those at most some thousands, and some gigabytes. Files that
    a manifest names in a bucket are taken to differ: their sizes would take a request each.
    """
    by_size: Mapping[int, list[Named]] = defaultdict(list)
    for name in named:
        if (size := _size(name)) <= LARGEST_FILE_BYTES:
            by_size[size].append(name)
    groups = [group for size, group in by_size.items() if size and len(group) > 1]
    rng.shuffle(groups)
    compared: list[Named] = []
    for group in groups:
        compared += group[: _MOST_COMPARED - len(compared)]
    compared = affordable(compared)
    by_content: Mapping[str, list[Named]] = defaultdict(list)
    for name in compared:
        by_content[content_hash(name) or name.uri].append(name)
    scale = sum(map(len, groups)) / len(compared) if compared else 0.0
    return {
        task.name: round(scale * sum(_sharing(task, same) for same in by_content.values()))
        for task in tasks
    }


def _sharing(task: Task, same: Sequence[Named]) -> int:
    """How many of these names of one content share a task's question with another of them."""
    used = [name for name in used_variables(task.prompt) if name not in task.variables]

    def values(named: Named) -> tuple[object, ...]:
        file_name = named.uri.rpartition("/")[2]
        return tuple(file_name if key == FILENAME else named.columns.get(key) for key in used)

    return len(same) - len({values(named) for named in same})


def _size(named: Named) -> int:
    """In bytes; 0 where it is not known at once."""
    if named.known:
        return named.known.bytes
    try:
        return 0 if "://" in named.path else os.stat(named.path).st_size  # noqa: PTH116 - a million
    except (OSError, ValueError):
        return 0
