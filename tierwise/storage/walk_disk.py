"""Every name below a folder of a disk, for whoever lists an archive.

Nothing that is wrong with one folder keeps the others from being listed: it is told in its place.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tierwise.skipped_files import Kind
from tierwise.storage.stat import Stat

# What is wrong with this very folder, and no matter of the disk: permissions, names that are too
# long or lead in a circle, and what was there a moment ago.
_ITS_OWN = (
    *(errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.ENOENT, errno.ENOTDIR),
)


@dataclass(frozen=True, slots=True)
class NotEntered:
    """A folder or link that was not followed; the address of a folder ends with a slash.

    `error` is what kept it from being read where that may be a matter of the whole disk.
    """

    uri: str
    kind: Kind
    error: OSError | None = None


@dataclass(frozen=True, slots=True)
class _Tree:
    """What lies below `root`, which is `real` without links, and is listed by its own name."""

    root: str
    real: str
    aside: Callable[[str], bool]
    covers: Callable[[str, str], bool]

    def kind_of_link(self, path: str, follow_links: bool) -> Kind | None:
        """Why a link is not followed; None if it is."""
        target = os.path.realpath(path)
        if not self._holds(target):
            return None if follow_links else Kind.LINK_OUT
        if not os.path.isdir(path):  # noqa: PTH112
            return None
        return Kind.LINKED_FOLDER if self.lists(target, path) else None

    def lists(self, folder: str, link: str) -> bool:
        """Whether what is wanted of a folder by a link to it is listed anyway."""
        if not self._holds(folder):
            return False
        below = folder[len(self.real.rstrip("/")) + 1 :]
        if below and self.aside(below + "/x"):
            return False
        return self.covers(below, link[len(self.root.rstrip("/")) + 1 :])

    def _holds(self, target: str) -> bool:
        return target == self.real or target.startswith(self.real.rstrip("/") + "/")


def walk_disk(
    root: str,
    *,
    follow_links: bool,
    aside: Callable[[str], bool],
    deepest: int | None = None,
    covers: Callable[[str, str], bool] = lambda _folder, _link: True,
) -> Iterator[Stat | NotEntered]:
    """The names below a folder, those of each folder sorted and together.

    A link to a folder within `root` is another name of what is listed anyway, and not followed,
    unless that folder is left `aside`, by its path below the root, or names are wanted by the link
    that are not by the folder's own path: the folder `covers` all names that are wanted below a
    link. Links out of `root` are followed with `follow_links`. Each folder that a link leads to is
    entered once. Sizes are not looked at. `deepest` is how many folders down names are wanted, None
    for all.

    Raises:
        OSError: `root` itself cannot be read.
    """
    tree = _Tree(root, os.path.realpath(root), aside, covers)
    entered: set[str] = set()
    waiting = [(root, 0, False)]
    while waiting:
        folder, depth, by_link = waiting.pop()
        if by_link:
            real = os.path.realpath(folder)
            if real in entered or tree.lists(real, folder):
                yield NotEntered(folder + "/", Kind.LINKED_FOLDER)
                continue
            entered.add(real)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            yield NotEntered(
                folder + "/", Kind.UNREADABLE, None if error.errno in _ITS_OWN else error
            )
            continue
        below = []
        for entry in found:
            # As it was given: pathlib would drop "./", and a pattern would not match.
            path = os.path.join(folder, entry.name)  # noqa: PTH118
            kind = tree.kind_of_link(path, follow_links) if entry.is_symlink() else None
            if kind:
                yield NotEntered(path, kind)
            elif _is_folder(entry):
                below.append((path, depth + 1, by_link or entry.is_symlink()))
            else:
                yield Stat(path, 0)
        if deepest is None or depth < deepest:
            waiting += reversed(below)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # whoever reads it as a file hears what is wrong
        return False
