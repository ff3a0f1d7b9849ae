"""Decides of each name of a listing whether it is tried, by the name alone, and counts the others.

Whoever lists a part of an input decides as whoever lists all of it.
"""

from __future__ import annotations

import os

from tierwise.name_choice import EVERY_NAME, NameChoice
from tierwise.skipped_files import Kind, Tally
from tierwise.storage.left_aside import is_hidden, is_plainly_no_picture, kind_of_name
from tierwise.storage.shown_names import shown_name


class Sieve:
    """For the names below `root`, the folder that is listed; `tally` counts what is not tried.

    What a `pattern` names by its folders is meant: `photos/.old/*.jpg` is no accident.
    """

    def __init__(
        self,
        root: str,
        choice: NameChoice = EVERY_NAME,
        tally: Tally | None = None,
        pattern: str = "",
    ) -> None:
        self._start = len(root) if root.endswith("/") or not root else len(root) + 1
        self._above = _name_of(root)
        self._choice = choice
        self._tally = tally or Tally()
        self._tally.unmatched |= choice.flags
        self._meant = self._kinds_of_folders(pattern)

    def below(self, uri: str) -> str:
        """The path of a name below the root."""
        return uri[self._start :]

    def kind_of(self, path: str) -> Kind | None:
        """Why a path below the root is not tried; None if it is. A folder's ends with a slash."""
        return self._choice.kind_of(path) or self._kind_of(path)

    def skips(self, uri: str, known: Kind | None = None) -> Kind | None:
        """Why a name is not tried, which is counted. `known` holds where nobody chose otherwise."""
        return self.unwanted(uri) or self._count(uri, known or self._kind_of(self.below(uri)))

    def unwanted(self, uri: str) -> Kind | None:
        """Why a name is not wanted, which is counted; None if it is."""
        path, unmatched = self.below(uri), self._tally.unmatched
        if unmatched:
            unmatched.difference_update(self._choice.matching(path, unmatched))
        return self._count(uri, self._choice.kind_of(path))

    def _count(self, uri: str, kind: Kind | None) -> Kind | None:
        if kind:
            self._tally.note(kind, shown_name(uri.rstrip("/")))
        return kind

    def _kind_of(self, path: str) -> Kind | None:
        kind = kind_of_name(path, self._above) or (Kind.HIDDEN if is_hidden(path) else None)
        if kind and kind not in self._meant:
            return kind
        return Kind.OTHER if is_plainly_no_picture(path) else None

    def _kinds_of_folders(self, pattern: str) -> set[Kind]:
        folders = self.below(pattern).rpartition("/")[0]
        path = f"{folders}/x" if folders else ""
        kind = kind_of_name(path, self._above)
        return {kind} if kind else {Kind.HIDDEN} if path and is_hidden(path) else set()


def _name_of(root: str) -> str:
    """The name of a folder, however it was written."""
    path = root if "://" in root else os.path.abspath(root)  # noqa: PTH100 - links stay
    return path.rstrip("/").rpartition("/")[2]
