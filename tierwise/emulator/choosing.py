"""Scores for labels, and the choice among them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tierwise.emulator.concepts import concept
from tierwise.emulator.known import KnownPictures, plain_label
from tierwise.emulator.looks import Look, Vector

_YES = frozenset({"yes", "true", "ja", "y", "present"})
_NO = frozenset({"no", "false", "nein", "n", "absent"})
_UNSURE = frozenset({"unsure", "uncertain", "not sure", "not_sure", "unsicher"})
# The best label is sure when its score is so far above the second best.
_LEAD = 0.2


def label_scores(
    look: Look, labels: Sequence[str], question: str, known: KnownPictures | None
) -> dict[str, float]:
    """How well each label fits, from 0 to 1.

    Known pictures decide when they carry at least two of the labels and there is a picture to
    compare them with; a yes-or-no question is
    decided by the first word in it that can be told from pixels; other labels by what they mean,
    or, where that cannot be told, by a leaning that is fixed for the label. A label that says
    unsure scores a little more than the second best of the others: it is the answer where two
    others fit about equally well.
    """
    others = [label for label in labels if label.casefold().strip() not in _UNSURE]
    scores = _scores(look, others, question, known)
    second = sorted(scores.values())[-2] if len(scores) > 1 else 0.0
    return {label: scores.get(label, second + _LEAD) for label in labels}


def _scores(
    look: Look, labels: Sequence[str], question: str, known: KnownPictures | None
) -> dict[str, float]:
    shared = sum(plain_label(label) in known.labels for label in labels) if known else 0
    if known and known.can_compare(look) and shared >= min(2, len(labels)):
        return known.scores(look, labels)
    plain = {label.casefold().strip() for label in labels}
    if plain & _YES and plain & _NO:
        yes = holds(look, question)
        return {label: _yes_no(label, yes) for label in labels}
    return {label: _score(look, label) for label in labels}


def holds(look: Look, question: str) -> float:
    """How much a yes-or-no question is to be answered with yes, from 0 to 1."""
    rule = concept(question)
    return rule(look) if rule else leaning(look, "yes")


def leaning(look: Look, word: str) -> float:
    """A number from 0 to 1 that depends on the word and, smoothly, on the picture's coarse look."""
    return float(1 / (1 + np.exp(-6 * look.coarse @ _direction(word, look.coarse.size))))


def _score(look: Look, label: str) -> float:
    rule = concept(label)
    return rule(look) if rule else 0.5 * leaning(look, label.casefold())


def _yes_no(label: str, yes: float) -> float:
    plain = label.casefold().strip()
    return yes if plain in _YES else 1 - yes if plain in _NO else 0.0


@lru_cache(maxsize=4096)
def _direction(word: str, size: int) -> Vector:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn) * 2, dtype=np.float32)


def best(scores: dict[str, float]) -> str:
    """The label with the highest score, the first of equals."""
    return max(scores, key=lambda label: scores[label])
