"""Each time that somebody has looked at what labels say of a task, so that all share one error.

Whoever labels more and looks again, or tries another margin, has another chance to be deceived. So
a calibration file remembers the looks at its labels, and the next one may spend less
(`tierwise.statistics.spending`). Labels of which none was there before are another archive's, and
begin anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

# So many contents tell whether labelled images were looked at before.
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class LabelLook:
    """One look: the `number` it had among those at these labels, from 1, and what was looked at.

    `digest` stands for labels, margin and everything that was tested; the same thing seen twice is
    one look. `some` are digests of contents that were labelled, the smallest ones: a random part;
    none where nobody knows, nor whether an emulator had answered.
    """

    number: int
    at: str
    digest: str
    images: int
    margin: float
    emulated: bool | None
    some: tuple[str, ...]


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
        tested: what is asked, and the candidates in their order.
    """
    contents = {_short(content): truth for content, truth in truths.items()}
    told = json.dumps([contents, margin, emulated, list(tested)], sort_keys=True, default=str)
    digest = sha256(told.encode()).hexdigest()[:32]
    alike = [one for one in earlier if one.emulated in (emulated, None)]
    if again := [one for one in alike if one.digest == digest]:
        return again[0]
    same = [one.number for one in alike if not one.some or contents.keys() & {*one.some}]
    some = tuple(sorted(contents)[:_REMEMBERED])
    return LabelLook(max(same, default=0) + 1, at, digest, len(contents), margin, emulated, some)


def remembered(earlier: Sequence[LabelLook], now: LabelLook) -> tuple[LabelLook, ...]:
    """The looks that the next calibration file remembers, the same thing once."""
    return tuple(dict.fromkeys((*earlier, now)))


def _short(content: str) -> str:
    """Hashed once more, for stores of their own have other hashes, and the smallest are random."""
    return sha256(content.encode()).hexdigest()[:16]
