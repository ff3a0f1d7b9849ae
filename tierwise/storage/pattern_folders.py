"""How far a pattern has come at a folder, so that two folders can be compared without their names.

D/*/*.jpg      below D/a a name has to end with .jpg; below D/a/b none matches any more
D/20*/**/x     below D/2020 and all that lies in it names have to be x
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from tierwise.name_patterns import expression_of

_TOKENS = re.compile(r"\*|\?|\[!?[^\]]+\]|.", re.DOTALL)
_ANY_FOLDERS = "**"


def globs_of(wanted: str) -> tuple[str, ...]:
    """A pattern of `name_patterns` as patterns of whole paths: of names, and of what lies below.

    >>> globs_of("*.jpg"), globs_of("2019/raw/")
    (('**/*.jpg', '**/*.jpg/**'), ('2019/raw/**',))
    """
    body = wanted.strip("/")
    from_top = wanted.startswith("/") or ("/" in body and not body.startswith("**/"))
    path = body if from_top else "**/" + body.removeprefix("**/")
    return (f"{path}/**",) if wanted.endswith("/") else (path, f"{path}/**")


class PatternFolders:
    """For the folders below the one that a pattern starts in; `rest` is the pattern from there on.

    Of a pattern that does not come apart into names, nothing is known but that all folders are one.
    """

    def __init__(self, rest: str) -> None:
        parts = rest.split("/")
        if parts[-1] == _ANY_FOLDERS:
            parts.append("*")
        # Within a name `**` stands for folders too: how many is known to nobody.
        self._is_plain = all(_ANY_FOLDERS not in part or part == _ANY_FOLDERS for part in parts)
        try:
            self._parts = [None if part == _ANY_FOLDERS else _matcher(part) for part in parts]
        except re.error:  # of a set with a slash in it
            self._is_plain = False
        self._reached = lru_cache(maxsize=1024)(self._reach)

    def covers(self, folder: str, other: str) -> bool:
        """Whether all names that match below `other` match below `folder` too.

        >>> folders = PatternFolders("*/*.jpg")
        >>> folders.covers("a", "b"), folders.covers("a/b", "c"), folders.covers("", "c")
        (True, False, False)
        >>> folders = PatternFolders("20*/**/*.jpg")
        >>> folders.covers("2019/a", "2020"), folders.covers("old/2019", "2020")
        (True, False)
        """
        return not self._is_plain or self._reached(other) <= self._reached(folder)

    def _reach(self, folder: str) -> frozenset[int]:
        """The parts of the pattern that what comes next in a folder may stand for."""
        reached = frozenset(self._skip(0))
        for name in filter(None, folder.split("/")):
            reached = frozenset(at for part in reached for at in self._take(part, name))
        return reached

    def _take(self, part: int, name: str) -> Iterator[int]:
        matches = self._parts[part]
        if matches is None:
            yield from self._skip(part)
        elif part + 1 < len(self._parts) and matches(name):
            yield from self._skip(part + 1)

    def _skip(self, part: int) -> Iterator[int]:
        """A part, and what comes behind it where it stands for no folder at all."""
        yield part
        if self._parts[part] is None:
            yield from self._skip(part + 1)


def _matcher(part: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile("".join(map(expression_of, _TOKENS.findall(part))), re.DOTALL).fullmatch
