"""A long sorted listing, cut into ranges of names that can be listed apart.

Nothing is known of a bucket but what a request tells: at most a thousand names from a given one on.
Any cuts are right, for ranges that meet cover every name once; good cuts need some looking. A range
that holds more than a page is cut where its names first differ: `img_0...`, `img_1...` and so on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

# Listing so many pages takes less time than cutting them.
_PLAIN_PAGES = 20
# Alphabets can be large; what lies behind so many first letters stays together.
_MOST_BRANCHES = 64
_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class NameRange:
    """Names from `start` on and before `end`, in the order of code points; empty is no bound."""

    start: str = ""
    end: str = ""


EVERY = NameRange()


@dataclass(frozen=True, slots=True)
class Cut:
    """Ranges that hold every name once; `names` is how many there are, None when nobody looked.

    It is an estimate where ranges were left uncut that hold more than a page.
    """

    ranges: tuple[NameRange, ...] = (EVERY,)
    names: int | None = None


class FirstNames(NamedTuple):
    """The first names of a range, and whether there are more."""

    names: Sequence[str]
    more: bool


# look(range, most): at most so many names of a range.
ListFirst = Callable[[NameRange, int], FirstNames]
# `map`, or one that works on several ranges at a time.
Together = Callable[..., Iterable[Any]]


def beginning_with(prefix: str) -> NameRange:
    """All names that begin so.

    >>> beginning_with("a/")
    NameRange(start='a/', end='a0')
    """
    return NameRange(prefix, after(prefix))


def after(prefix: str) -> str:
    """The least text above everything that begins with a prefix; empty when there is none.

    >>> after("ab"), after(chr(0xD7FF)) == chr(0xE000), after("a" + chr(0x10FFFF)), after("")
    ('ac', True, 'b', '')
    """
    while prefix:
        code = ord(prefix[-1]) + 1
        if code <= 0x10FFFF:
            # Half characters are not text, and no name holds a line's end.
            code = {0xD800: 0xE000, 0x0A: 0x0B, 0x0D: 0x0E}.get(code, code)
            return prefix[:-1] + chr(code)
        prefix = prefix[:-1]
    return ""


def cut(
    look: ListFirst, whole: NameRange, *, ranges: int, page: int, together: Together = map
) -> Cut:
    """Cut a listing into about so many ranges, or fewer when none holds more than a page.

    Costs some ten short requests per range, however many names there are; a listing of a few pages
    is counted and left whole.
    """
    first = look(whole, _PLAIN_PAGES * page)
    if not first.more:
        return Cut((whole,), len(first.names))
    small: list[tuple[NameRange, int]] = []
    large = [whole]

    def count_or_branch(one: NameRange) -> int | list[NameRange]:
        found = look(one, page)
        return _branch(look, one, found.names[0]) if found.more else len(found.names)

    while large and len(small) + len(large) < ranges:
        level, large = large, []
        for one, found in zip(level, together(count_or_branch, level), strict=True):
            if isinstance(found, int):
                small.append((one, found))
            else:
                large += found
    names = sum(count for _, count in small)
    if large:
        chosen = random.Random(0).sample(large, min(_SAMPLES, len(large)))  # noqa: S311 - no secret
        sampled = sum(together(lambda one: _estimate(look, one, page), chosen))
        names += round(sampled * len(large) / len(chosen))
    every = sorted([one for one, _ in small] + large, key=lambda one: one.start)
    return Cut(tuple(every), names)


def _branch(look: ListFirst, whole: NameRange, first: str) -> list[NameRange]:
    """Cut a range behind what all its names begin with; `first` is its first name."""
    common = _common(look, whole, first)
    starts: list[str] = []
    name = first
    while name and len(starts) < _MOST_BRANCHES:
        starts.append(name[: common + 1])
        if len(name) == common:  # the name of all is a name itself
            found: Sequence[str] = look(NameRange(name, whole.end), 2).names[1:]
        else:
            found = _beyond(look, whole, starts[-1])
        name = found[0] if found else ""
    bounds = [whole.start, *starts[1:], whole.end]
    return [NameRange(bounds[at], bounds[at + 1]) for at in range(len(starts))]


def _common(look: ListFirst, whole: NameRange, first: str) -> int:
    """How many letters all names of a range begin with; found by halving."""
    least, most = 0, len(first)
    while least < most:
        middle = (least + most + 1) // 2
        if _beyond(look, whole, first[:middle]):
            most = middle - 1
        else:
            least = middle
    return least


def _beyond(look: ListFirst, whole: NameRange, prefix: str) -> Sequence[str]:
    """The first name of a range that is above everything with a prefix, if there is one."""
    start = after(prefix)
    return look(NameRange(start, whole.end), 1).names if start else ()


def _estimate(look: ListFirst, whole: NameRange, page: int) -> int:
    """How many names a range may hold, from one way down through it.

    Each branch is taken to be as large as the one that was chosen, which is right on the average.
    """
    chance = random.Random(whole.start)  # noqa: S311 - the same archive has the same estimate
    factor = 1
    while True:
        found = look(whole, page)
        if not found.more:
            return factor * len(found.names)
        branches = _branch(look, whole, found.names[0])
        factor *= len(branches)
        whole = chance.choice(branches)
