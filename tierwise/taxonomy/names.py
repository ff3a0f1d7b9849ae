"""Which of many names a word means: by itself, by another name, or by a variant of either."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tierwise.answers.written_words import loosely

_BETWEEN = re.compile(r"[\s\-_/]+")
_AND = re.compile(r"\s*&\s*")
# Words that end so are their own plurals, or none.
_NOT_PLURAL = ("ss", "us", "is")
_SHORTEST = 4


def plain_form(word: str) -> str:
    """What is equal for a word, its plural, and its spellings with hyphens or `and`.

    English rules; a word of another language is changed alike on both sides, and so does no harm.

    >>> plain_form("T-Shirts") == plain_form("t shirt"), plain_form("Bars & Pubs")
    (True, 'bar and pub')
    >>> plain_form("berries") == plain_form("berry"), plain_form("glass"), plain_form("boxes")
    (True, 'glass', 'box')
    """
    words = _BETWEEN.split(_AND.sub(" and ", loosely(word)))
    return " ".join(_singular(one) for one in words if one)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST or not word.endswith("s") or word.endswith(_NOT_PLURAL):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


class Names:
    """Names and what else each is called; a looser form counts where it is one name's alone.

    `taken` are words that mean something else, which is none of the names; likewise its other ones.

    >>> names = Names(("cat", "dog", "Dogs"), [["puss"], ["hound"], ["dog"]])
    >>> names.find("CATS"), names.find("hounds"), names.find("dog"), names.find("bird")
    ('cat', 'dog', 'dog', None)
    >>> Names(("Dog",), taken=["Dogs"]).find("dogs") is None
    True
    """

    def __init__(
        self,
        names: Sequence[str],
        others: Iterable[Sequence[str]] = (),
        taken: Iterable[str] = (),
        also_taken: Iterable[str] = (),
    ) -> None:
        self._exact = frozenset(names)
        called: list[tuple[str, str | None]] = [(name, name) for name in names]
        called += [(word, None) for word in taken]
        also: list[tuple[str, str | None]] = [
            (other, name) for name, some in zip(names, others, strict=False) for other in some
        ]
        also += [(word, None) for word in also_taken]
        self._looser = [
            (loosely, _alone((loosely(word), name) for word, name in called)),
            (loosely, _alone((loosely(word), name) for word, name in also)),
            (plain_form, _alone((plain_form(word), name) for word, name in called + also)),
        ]

    def find(self, word: str) -> str | None:
        """The name that a word means, None where it means none or more than one."""
        if word in self._exact:
            return word
        for form, found in self._looser:
            key = form(word)
            if key in found:
                return found[key]
        return None


@lru_cache(maxsize=64)
def names_alone(names: tuple[str, ...]) -> Names:
    """Those of a plain list."""
    return Names(names)


def _alone(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key, name in pairs:
        found[key] = name if found.get(key, name) == name else None
    return found
