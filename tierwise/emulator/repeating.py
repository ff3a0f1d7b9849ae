"""Replies of a model that says the first of several labels again and again, up to its limit."""

from __future__ import annotations

import re

_CHARACTERS_PER_TOKEN = 4
# The first string in a list of strings, none where that is empty.
_FIRST_OF_LIST = re.compile(r'\[("(?:[^"\\]|\\.)*"|(?=\]))')


def endless(whole: str, tokens: int) -> str:
    """The reply as far as its first list has one label, which it then repeats and repeats."""
    found = _FIRST_OF_LIST.search(whole)
    return whole if found is None else repeating(whole[: found.start(1)], found[1], tokens)


def repeating(beginning: str, label: str, tokens: int) -> str:
    """A reply that ends in one label, written as JSON, over and over: so many tokens and more."""
    label = label or '"none"'
    times = 1 + _CHARACTERS_PER_TOKEN * tokens // len(label)
    return beginning + ", ".join([label] * times)
