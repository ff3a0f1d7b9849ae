r"""Which names of an input are wanted: `--include` and `--exclude`.

A name is wanted that matches a pattern of `--include`, if there are any, and none of `--exclude`,
in whatever order they were given. Patterns are those of `name_patterns`, in exact case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from tierwise.errors import InputError
from tierwise.name_patterns import expression
from tierwise.skipped_files import Kind

_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True, slots=True)
class NameChoice:
    """Patterns of names that are wanted, all without any, and of names that are not."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def flags(self) -> frozenset[str]:
        """Each pattern as the flag that gave it."""
        return frozenset(flag for flag, _ in self._all())

    def kind_of(self, path: str) -> Kind | None:
        """Why a path is not wanted; None if it is. That of a folder ends with a slash.

        >>> choice = NameChoice(include=("2019/",), exclude=("*.png",))
        >>> [str(choice.kind_of(path)) for path in ("2019/a.jpg", "2019/a.png", "2020/a.jpg")]
        ['None', 'excluded', 'not_included']
        """
        if self.exclude and _any_of(self.exclude).search(_from_top(path)):
            return Kind.EXCLUDED
        # What lies in a folder may be wanted where the folder itself matches nothing.
        if not self.include or path.endswith("/"):
            return None
        return None if _any_of(self.include).search(_from_top(path)) else Kind.NOT_INCLUDED

    def matching(self, path: str, flags: Iterable[str]) -> list[str]:
        """Which of these flags match a path."""
        found = dict(self._all())
        return [flag for flag in flags if _any_of((found[flag],)).search(_from_top(path))]

    def _all(self) -> Iterator[tuple[str, str]]:
        for flag, patterns in (("include", self.include), ("exclude", self.exclude)):
            yield from ((f"--{flag}={pattern}", pattern) for pattern in patterns)


EVERY_NAME = NameChoice()


def choice_of(include: str | None, exclude: str | None) -> NameChoice:
    """The choice of two flags; raises `InputError` for a malformed pattern."""
    return NameChoice(
        read_patterns(include, "include") if include else (),
        read_patterns(exclude, "exclude") if exclude else (),
    )


def read_patterns(text: str, flag: str) -> tuple[str, ...]:
    r"""The patterns of a flag, with commas in between; a comma of a name has a backslash before it.

    Raises:
        InputError: one is malformed.

    >>> read_patterns("*.png, drafts/", "exclude"), read_patterns(r"a\,b", "exclude")
    (('*.png', 'drafts/'), ('a\\,b',))
    """
    patterns = tuple(part.strip() for part in _COMMA.split(text))
    for pattern in patterns:
        if not pattern.strip("/"):
            raise InputError(
                f"--{flag}={text}: a pattern is empty. Write patterns of names with commas in "
                "between, such as *.png,drafts/"
            )
        if pattern.startswith("!"):
            other = {"include": "exclude", "exclude": "include"}[flag]
            raise InputError(
                f"--{flag}={text}: {pattern} is no pattern: nothing is negated here. Write "
                rf"--{other}={pattern[1:]}, or \{pattern} for a name that begins so."
            )
        try:
            expression(pattern)
        except re.error as error:
            raise InputError(f"--{flag}={text}: {pattern} is not a pattern: {error}.") from error
    return patterns


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(expression, patterns)), re.DOTALL)


def _from_top(path: str) -> str:
    """A path as patterns are searched in it; a manifest may write `/data/a.jpg` or `./a.jpg`."""
    return "/" + path.removeprefix("./").removeprefix("/")
