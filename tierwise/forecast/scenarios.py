"""What nobody knows before a run, drawn at random or taken at its middle.

Each unknown can be drawn alone while the others stay at their middle, which tells how much of the
spread it makes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from tierwise.forecast.replies import Lengths
from tierwise.forecast.resampling import Weights, drawn_weights, unreadable
from tierwise.forecast.shares import Share
from tierwise.forecast.survey import Stratum

T = TypeVar("T")

# How far a tokenizer may be from four characters to a token: 80 % of the time within a fifth.
_TEXT_SPREAD = 0.15
# How often things are not as they seem: the schema counted as input, files broken behind a sound
# header, replies paid twice; and pictures dearer than by a rule that fits all that was observed.
_CHANCE_OTHERWISE = 0.4
_CHANCE_RULE_IS_WRONG = 0.2
_MEAN_BROKEN = 0.02
# Where some headers cannot be read, about as many files are broken behind a sound one: of 183 files
# collected to break decoders, 38 % and 42 %; of 776 ordinary ones, none and none. The spread is one
# of odds.
_BROKEN_SPREAD = 0.4
_MEAN_REPEATED = 0.01
# Archives are often without near duplicates; bursts or scans made twice may be most of one. They
# are found by their pixels, so that nobody foretells them: the middle is none.
_FOLLOWERS = (0.3, 1.2)
# Thoughts of a model at its least level differ by a factor of three.
_THOUGHT_SPREAD = 0.8


class Unknown(StrEnum):
    """Where the uncertainty of a forecast comes from, in the words of its readers."""

    SHARES = "how many images a condition picks"
    REPLIES = "how long answers are"
    THOUGHTS = "how long the model thinks"
    TEXT = "how many tokens the prompts are"
    PICTURES = "how many tokens the pictures are"
    DETAIL = "how many pictures have fine detail"
    SAMPLE = "what the files are that were not looked at"
    BROKEN = "files that turn out to be broken"
    REPEATS = "replies that are paid and asked again"
    FOLLOWERS = "how many pictures share the answer of one that looks like them"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is known by task: shares of open images, and lengths of replies in characters.

    An answer beside others has its length under `in_row`, and one with its name under `by_name`.

    `detail` is, by task, the share of pictures with more fine detail than its rule allows;
    `strata` are those of the survey, `weights` tell for how many files each of those that were seen
    stands, and `unreadable` is the share of pictures whose headers cannot be read; with
    `shares_alike`, near duplicates share answers.
    """

    shares: Mapping[str, Share]
    lengths: Mapping[str, Lengths]
    detail: Mapping[str, Share]
    strata: tuple[Stratum, ...]
    weights: Weights
    unreadable: Share
    shares_alike: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way things may turn out; factors are 1 in the middle.

    `replies` are characters per image and task, `detail` the share of pictures that have much by
    task. `pictures` is 0 where pictures cost what the grid
    says and 1 at the documented maximum; `schema` is whether the schema counts as input; `weights`
    are for how many files each file of the sample stands; `broken` is the share of images that
    cannot be sent; `repeats` the share of requests that is paid once more, `followers` that of
    images which share an answer.
    """

    shares: Mapping[str, float]
    replies: Mapping[str, float]
    detail: Mapping[str, float]
    weights: Weights
    text: float = 1.0
    thoughts: float = 1.0
    pictures: float = 0.0
    schema: bool = False
    broken: float = 0.0
    repeats: float = 0.0
    followers: float = 0.0


def in_row(task: str) -> str:
    """Under what name stands the length of a task's answer among those of others."""
    return f"{task} in a row"


def by_name(task: str) -> str:
    """Under what name stands its length where each answer of a reply has its task's name."""
    return f"{task} by name"


def middle_scenario(known: Expectations) -> Scenario:
    """Everything at its middle."""
    return Scenario(
        {name: share.mean for name, share in known.shares.items()},
        {name: lengths.typical for name, lengths in known.lengths.items()},
        {name: share.mean for name, share in known.detail.items()},
        known.weights,
        broken=known.unreadable.mean,
    )


def drawn_scenario(
    known: Expectations, rng: random.Random, unknowns: frozenset[Unknown] = frozenset(Unknown)
) -> Scenario:
    """A scenario in which `unknowns` are drawn, and all else is at its middle."""
    middle = middle_scenario(known)
    otherwise = {unknown: rng.random() < _CHANCE_OTHERWISE for unknown in Unknown}
    dearer = rng.random() < _CHANCE_RULE_IS_WRONG

    def if_drawn(unknown: Unknown, value: T, default: T) -> T:
        return value if unknown in unknowns else default

    pictures = rng.random() if dearer else 0.0
    wordy = rng.random()  # a model that writes much does so for every task
    # Out of a row of its own, so that all else is drawn alike however much was looked at.
    of_sample = np.random.default_rng(int(rng.random() * 2**32))
    weights, expected = middle.weights, known.unreadable
    if Unknown.SAMPLE in unknowns:
        weights = drawn_weights(known.strata, of_sample)
        expected = unreadable(known.strata, weights)
    broken, factor = expected.drawn(rng), math.exp(rng.gauss(0, _BROKEN_SPREAD))
    broken *= factor / (1 - broken + broken * factor)
    if otherwise[Unknown.BROKEN]:
        broken += rng.expovariate(1 / _MEAN_BROKEN)
    repeats = rng.expovariate(1 / _MEAN_REPEATED) if otherwise[Unknown.REPEATS] else 0.0
    detail = {name: share.drawn(rng) for name, share in known.detail.items()}
    followers = rng.betavariate(*_FOLLOWERS) if known.shares_alike else 0.0
    return Scenario(
        shares={
            name: if_drawn(Unknown.SHARES, share.drawn(rng), middle.shares[name])
            for name, share in known.shares.items()
        },
        replies={
            name: if_drawn(Unknown.REPLIES, lengths.at(wordy), lengths.typical)
            for name, lengths in known.lengths.items()
        },
        detail=detail if Unknown.DETAIL in unknowns else middle.detail,
        text=if_drawn(Unknown.TEXT, math.exp(rng.gauss(0, _TEXT_SPREAD)), 1.0),
        thoughts=if_drawn(Unknown.THOUGHTS, math.exp(rng.gauss(0, _THOUGHT_SPREAD)), 1.0),
        pictures=if_drawn(Unknown.PICTURES, pictures, 0.0),
        schema=otherwise[Unknown.TEXT] and Unknown.TEXT in unknowns,
        weights=weights,
        broken=if_drawn(Unknown.BROKEN, min(broken, 1.0), expected.mean),
        repeats=if_drawn(Unknown.REPEATS, repeats, 0.0),
        followers=if_drawn(Unknown.FOLLOWERS, followers, 0.0),
    )
