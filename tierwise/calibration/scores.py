"""How right an answer is, from 0 to 1, for each kind of answer.

One label is right or wrong. Several labels score the harmonic mean of what was found and what was
right of it (F1). A struct scores the share of its known properties that are exact, a text the F1
of its words, as in SQuAD (Rajpurkar and others, 2016). No answer scores 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import SeveralLabels
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text

_WORD = re.compile(r"\w+")


def score(kind: AnswerType, truth: Any, answer: Any) -> float:
    """How right an answer of this kind is; None is no answer.

    >>> score(Text(60), "red rose", "Rose"), score(Text(60), "red rose", None)
    (0.6666666666666666, 0.0)
    """
    if answer is None:
        return 0.0
    if isinstance(kind, SeveralLabels):
        return overlap(truth, answer)
    if isinstance(kind, Struct):
        return sum(is_same(value, answer.get(name)) for name, value in truth.items()) / len(truth)
    if isinstance(kind, Text):
        return overlap(words_of(truth), words_of(answer))
    return float(truth == answer)


def overlap(truth: Collection[str], answer: Collection[str]) -> float:
    """F1 of two collections, members counted as often as they occur; 1 when both are empty.

    >>> overlap(["a", "b"], ["b", "c"]), overlap([], [])
    (0.5, 1.0)
    """
    if not truth and not answer:
        return 1.0
    common = (Counter(truth) & Counter(answer)).total()
    return 2 * common / (len(truth) + len(answer))


def is_same(truth: Any, answer: Any) -> bool:
    """Whether a property is exact: numbers by value, texts whatever their case and spaces.

    >>> is_same("9.50", 9.5), is_same("New  York", "new york"), is_same("a", None)
    (True, True, False)
    """
    if isinstance(truth, bool) or isinstance(answer, bool):
        return str(truth).casefold() == str(answer).casefold()
    try:
        return float(truth) == float(answer)
    except (TypeError, ValueError):
        return answer is not None and _plain(truth) == _plain(answer)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case."""
    return _WORD.findall(text.casefold())


def _plain(value: Any) -> str:
    return " ".join(str(value).casefold().split())
