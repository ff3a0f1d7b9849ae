"""Each time that somebody has looked at what labels say of a task, so that all share one error.

Whoever labels more and looks again, or tries another margin or other routes, has another chance to
be deceived. So a calibration file remembers the looks at its tasks, and the next one may spend less
(`tierwise.statistics.spending`). That holds for fresh labels of the same archive too. Nothing tells
these from labels of another archive but where they are put: another output begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class LabelLook:
    """One look: the `number` it had among those at this task, from 1, and what was looked at.

    `digest` stands for labels, margin and everything that was tested; the same thing seen twice is
    one look. Nobody knows it of old files, nor whether an emulator had answered.
    """

    number: int
    at: str
    digest: str
    images: int
    margin: float
    emulated: bool | None


def look_at(
    truths: Mapping[str, Any],
    earlier: Sequence[LabelLook],
    *,
    at: str,
    margin: float,
    emulated: bool,
    tested: Iterable[str],
) -> LabelLook:
    """The look that is taken now.

    Args:
        truths: by content, what is right.
        earlier: the looks that the calibration file remembers of this task.
        at: when, in ISO 8601.
        margin: the margin that is tried.
        emulated: whether an emulator answers, whose answers say nothing of Gemini's.
        tested: what is asked, what came of it, and the candidates in their order.
    """
    told = json.dumps([truths, margin, emulated, list(tested)], sort_keys=True, default=str)
    digest = sha256(told.encode()).hexdigest()[:32]
    alike = [one for one in earlier if one.emulated in (emulated, None)]
    if again := [one for one in alike if one.digest == digest]:
        return again[0]
    number = max((one.number for one in alike), default=0) + 1
    return LabelLook(number, at, digest, len(truths), margin, emulated)


def remembered(earlier: Sequence[LabelLook], now: Iterable[LabelLook]) -> tuple[LabelLook, ...]:
    """The looks that the next calibration file remembers, the same thing once."""
    return tuple(dict.fromkeys((*earlier, *now)))
