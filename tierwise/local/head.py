"""What a local model learns from Gemini's answers: labels from the features of a picture.

One label: multinomial logistic regression. Several: a logistic regression for each label. Both are
linear in the features, which are centred and scaled on what is learnt from alone, and both are held
back (ridge), so that few examples do not make them sure.

A picture is judged by itself, by sums whose order does not depend on how many are judged: whether
it was learnt from, examined, or neither, its score is the same to the last bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.local.descent import lowest

Features = NDArray[np.float16]
Numbers = NDArray[np.float64]
Matrix = NDArray[np.float32]
# A label, or with several those that fit.
Answer = str | frozenset[str]

# A label that was seen less often is not known well enough to be said, nor to be ruled out.
LEAST_EXAMPLES, _FEWEST = 20, 5
# What a picture may have of the labels that are asked, all of them together.
_MOST_DOUBT = 0.02
# The mean length of what is learnt from; with it, one ridge does for all features.
_LENGTH = 16.0
_RIDGE = 20.0
_STEPS = 100
_SLOPE = 1e-3


@dataclass(frozen=True, slots=True)
class Judged:
    """What the head says of one picture.

    Attributes:
        answer: a label, or with several those that fit.
        score: how sure it is, 0 to 1; NaN where the features are not numbers.
        protected: whether it may show a label that is never to be said locally: ask, whatever the
            score.
    """

    answer: Answer
    score: float
    protected: bool


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What was learnt.

    Attributes:
        labels: those that it knows, in order.
        several: whether an answer is some of them.
        asked: for each whether it is left to Gemini.
        weights: for each label and feature.
        offsets: for each label.
        most: how many labels an answer may have, 0 for any number; more are left to Gemini.
    """

    labels: tuple[str, ...]
    several: bool
    asked: NDArray[np.bool_]
    weights: Numbers
    offsets: Numbers
    most: int = 0

    def judge(self, features: Features) -> Judged:
        """The answer to one picture, by its features."""
        sums = (self.weights * features.astype(np.float64)).sum(axis=1) + self.offsets
        if not np.isfinite(sums).all():
            return Judged(frozenset() if self.several else self.labels[0], float("nan"), True)
        return self._some(sums) if self.several else self._one(sums)

    def _one(self, sums: Numbers) -> Judged:
        shares = _shares(sums[np.newaxis])[0]
        best = int(shares.argmax())
        return Judged(self.labels[best], float(shares[best]), self._protects(shares, [best]))

    def _some(self, sums: Numbers) -> Judged:
        shares = _chances(sums)
        said = [place for place, share in enumerate(shares) if share > 0.5]
        score = float(np.maximum(shares, 1 - shares).prod())
        answer = frozenset(self.labels[place] for place in said)
        too_many = bool(self.most) and len(said) > self.most
        return Judged(answer, score, too_many or self._protects(shares, said))

    def _protects(self, shares: Numbers, said: Sequence[int]) -> bool:
        return bool(shares[self.asked].sum() > _MOST_DOUBT or self.asked[said].any())


def fit(
    features: Features,
    answers: Sequence[Answer],
    *,
    several: bool = False,
    always_ask: Collection[str] = (),
    most: int = 0,
    least_examples: int | None = None,
) -> Head | None:
    """Learn the answers of pictures; None where there are none to learn from.

    The order of the pictures has no influence. Those with features that are not numbers are left
    out.

    Args:
        features: one row per picture.
        answers: for each picture a label, or with `several` the labels that fit.
        several: whether an answer is a set of labels.
        always_ask: labels that are left to Gemini however often they were seen.
        most: how many labels an answer may have, 0 for any number.
        least_examples: a label with fewer examples is left to Gemini as well; None for those that
            are rare (`rare_below`).

    Raises:
        ValueError: there are not as many answers as pictures.
    """
    if len(features) != len(answers):
        raise ValueError(f"{len(answers)} answers to {len(features)} pictures")
    usable = np.flatnonzero(np.isfinite(features).all(axis=1)).tolist()
    if not usable:
        return None
    counts = Counter(label for number in usable for label in _labels_of(answers[number]))
    labels = tuple(sorted(counts))
    places = {label: place for place, label in enumerate(labels)}
    rows = sorted(
        (
            features[number].tobytes(),
            sorted(places[one] for one in _labels_of(answers[number])),
            number,
        )
        for number in usable
    )
    truths = np.zeros((len(rows), len(labels)), dtype=np.float32)
    for row, (_, fitting, _) in enumerate(rows):
        truths[row, fitting] = 1
    weights, offsets = _learnt(features[[number for *_, number in rows]], truths, several=several)
    least = rare_below(len(rows), len(labels)) if least_examples is None else least_examples
    asked = [counts[one] < least or one in always_ask for one in labels]
    return Head(labels, several, np.array(asked, dtype=np.bool_), weights, offsets, most)


def rare_below(pictures: int, labels: int) -> int:
    """How many examples a label must have, of so many pictures and labels, to be said locally.

    20, or where there are many labels half of an equal share: else of a hundred labels in a
    thousand pictures none could be said.

    >>> [rare_below(*some) for some in ((928, 2), (928, 10), (317, 10), (928, 101))]
    [20, 20, 15, 5]
    """
    return max(_FEWEST, min(LEAST_EXAMPLES, pictures // (2 * max(1, labels))))


def _labels_of(answer: Answer) -> Iterable[str]:
    return (answer,) if isinstance(answer, str) else answer


def _learnt(features: Features, truths: Matrix, *, several: bool) -> tuple[Numbers, Numbers]:
    """Weights and offsets, for features as they come."""
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features.astype(np.float32)
    centred -= mean.astype(np.float32)
    length = float(np.linalg.norm(centred, axis=1).mean())
    scale = _LENGTH / length if length else 1.0
    centred *= np.float32(scale)
    # A column of its own for what does not depend on the picture, held back like the others.
    constant = np.full((len(centred), 1), _LENGTH, dtype=np.float32)
    columns = np.hstack([centred, constant])
    seen = truths.sum(axis=0, dtype=np.float64) + 0.5
    share = seen / (len(truths) + (1.0 if several else 0.5 * truths.shape[1]))
    start = np.log(share / (1 - share)) if several else np.log(share)
    loss = partial(_loss, columns, truths, start, several)
    found = lowest(loss, np.zeros(columns.shape[1] * truths.shape[1]), steps=_STEPS, slope=_SLOPE)
    learnt = found.reshape(columns.shape[1], truths.shape[1])
    weights = np.ascontiguousarray(learnt[:-1].T) * scale
    return weights, start + learnt[-1] * _LENGTH - weights @ mean


def _loss(
    columns: Matrix, truths: Matrix, start: Numbers, several: bool, weights: Numbers
) -> tuple[float, Numbers]:
    """How badly these weights tell the labels, and the slope of that."""
    given = weights.reshape(columns.shape[1], truths.shape[1]).astype(np.float32)
    sums = columns @ given + start.astype(np.float32)
    if several:
        shares, all_of_them = _chances(sums), np.logaddexp(0, sums).sum(dtype=np.float64)
    else:
        shares, all_of_them = _shares(sums), np.logaddexp.reduce(sums, axis=1).sum(dtype=np.float64)
    wrong = all_of_them - (sums * truths).sum(dtype=np.float64)
    slope = (columns.T @ (shares - truths)).ravel().astype(np.float64)
    value = float(wrong) + _RIDGE / 2 * float(weights @ weights)
    return value, slope + _RIDGE * weights


def _shares(sums: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _chances(sums: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(0.5 + 0.5 * np.tanh(sums / 2))
