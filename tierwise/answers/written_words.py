"""Words as people and models write them: when two are the same, and which label one means.

Scripts write one word in several ways. A file system may take an accent apart that a tasks file
has composed, and Persian or emoji join their parts with signs that many programs drop.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from tierwise.shown import shown

_WORD = re.compile(r"\w+")
# ZWNJ and ZWJ: they join, and are no sign of their own. Persian words and emoji are made with them.
JOINERS = "\u200c\u200d"
# What people write where no label fits, unless it is a label.
NONE_FITS = "none"
_NO_JOINERS = str.maketrans("", "", JOINERS)


def without_joiners(text: str) -> str:
    """A text without the signs that only join others."""
    return text.translate(_NO_JOINERS)


def same_name(text: str) -> str:
    r"""What is equal for two names that a database or a person takes for one.

    >>> same_name("CAFE\u0301") == same_name("caf\u00e9"), same_name("Maße") == same_name("Masse")
    (True, False)
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())


def plain_words(text: str) -> str:
    """A text whatever its case, spaces and normal form.

    >>> plain_words(" New  York")
    'new york'
    """
    return " ".join(_folded(text).split())


def words_of(text: str) -> list[str]:
    """The words of a text in lower case."""
    return _WORD.findall(_folded(text))


def overlap(truth: Collection[str], answer: Collection[str]) -> float:
    """F1 of two collections, members counted as often as they occur; 1 when both are empty.

    >>> overlap(["a", "b"], ["b", "c"]), overlap([], [])
    (0.5, 1.0)
    """
    if not truth and not answer:
        return 1.0
    common = (Counter(truth) & Counter(answer)).total()
    return 2 * common / (len(truth) + len(answer))


def meant(names: tuple[str, ...], word: str) -> int | None:
    """The place of the name that a word stands for: exactly, else by the looser form it has alone.

    >>> meant(("cat", "Dog"), "dog"), meant(("Maße", "Masse"), "MASSE"), meant(("cat",), "bird")
    (1, None, None)
    """
    exact, folded = _places(names)
    return exact.get(word, folded.get(loosely(word)))


def none_fits(labels: tuple[str, ...], word: str) -> bool:
    """Whether a word says that none of some labels fits, and is not one of them.

    >>> none_fits(("cat", "dog"), "None"), none_fits(("cat", "none"), "None"), none_fits((), "none")
    (True, False, False)
    """
    return bool(labels) and word.casefold() == NONE_FITS and meant(labels, word) is None


def twins(names: Iterable[str]) -> tuple[int, int] | None:
    """The places of the first two names that are the same but for case or normal form."""
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        before = seen.setdefault(same_name(name), place)
        if before != place:
            return before, place
    return None


def twins_told(first: str, second: str) -> str:
    """How two names are the same.

    >>> twins_told("cat", "Cat"), twins_told("cat", "cat")
    ("'Cat' is 'cat' but for case or the form of its signs", "'cat' is given twice")
    """
    if first == second:
        return f"{shown(first)} is given twice"
    return f"{shown(second)} is {shown(first)} but for case or the form of its signs"


@lru_cache(maxsize=64)
def _places(names: Sequence[str]) -> tuple[dict[str, int], dict[str, int | None]]:
    folded: dict[str, int | None] = {}
    for place, name in enumerate(names):
        key = loosely(name)
        folded[key] = None if key in folded else place
    return {name: place for place, name in enumerate(names)}, folded


def loosely(name: str) -> str:
    """The one form in which names are compared: whatever case, blanks, joiners, normal form."""
    return without_joiners(plain_words(name))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
