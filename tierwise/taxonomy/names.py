"""Which of many names a word means: by itself, by another name, or by a variant of either.

A variant that is missed is asked again once, and one that is taken for a name it is none of is a
wrong answer that nobody sees: so what may mean another thing is no variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tierwise.answers.written_words import loosely

_BETWEEN = re.compile(r"[\s\-_/]+")
_AND = re.compile(r"\s*&\s*")
# Words that end so are their own plurals, or none.
_NOT_PLURAL = ("ss", "us", "is")
# Other words that are; and plurals that may be another thing than one of what they are plurals of.
_WORDS_AS_THEY_ARE = """
    atlas canvas lens series species
    arms boxers braces briefs clothes compasses customs drawers flats glasses goods news pumps
    shorts slacks spectacles spirits tights trunks waters woods works
"""
_AS_THEY_ARE = frozenset(_WORDS_AS_THEY_ARE.split())
# Of a plural that ends so nobody can tell whether one of it has the e: it counts on neither side.
_WITH_OR_WITHOUT_E = ("che", "she", "xe", "ze", "se", "oe")
_SHORTEST = 4


def plain_form(word: str) -> str:
    """What is equal for a word, its plural, and its spellings with hyphens or `and`.

    English rules; a word of another language is changed alike on both sides, and so does no harm.

    >>> plain_form("T-Shirts") == plain_form("t shirt"), plain_form("Bars & Pubs")
    (True, 'bar and pub')
    >>> [plain_form(one) for one in ("berries", "movies", "movie", "boxes", "houses", "house")]
    ['berry', 'movy', 'movy', 'box', 'hous', 'hous']
    >>> plain_form("dresses"), plain_form("glasses"), plain_form("glass")
    ('dress', 'glasses', 'glass')
    """
    words = _BETWEEN.split(_AND.sub(" and ", loosely(word)))
    return " ".join(_singular(one) for one in words if one)


def _singular(word: str) -> str:
    if word in _AS_THEY_ARE:
        return word
    if len(word) >= _SHORTEST and word.endswith("s") and not word.endswith(_NOT_PLURAL):
        word = word[:-1]
    if len(word) < _SHORTEST:
        return word
    if word.endswith("ie"):
        return f"{word[:-2]}y"
    return word[:-1] if word.endswith(_WITH_OR_WITHOUT_E) else word


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
