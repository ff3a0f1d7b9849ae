"""What a local model says of one picture, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

from tierwise.local.head import Judged
from tierwise.records import Record

# The same picture may come out a little otherwise on another machine: no score moves by more. So a
# local answer must lie that far above the cut, and what is not that far from another answer counts
# as a mistake of the exam.
MARGIN = 0.002
_LEAST = 0.5 + MARGIN


@dataclass(frozen=True, slots=True)
class Judgement(Record):
    """A local answer and its score, 0 to 1.

    The score is None where the picture is asked in any case, whatever the model thinks of it: it
    may have a label that the model has hardly seen, or one that is always asked.
    """

    value: Any
    score: float | None

    @property
    def counts(self) -> bool:
        """Whether the model may answer at all, as far as it alone can tell."""
        return self.score is not None

    @property
    def is_close(self) -> bool:
        """Whether another answer is so near that another machine might give it."""
        return self.score is None or not self.score > _LEAST

    def stands_above(self, cut: float) -> bool:
        """Whether the model answers in Gemini's place, given an exam's cut."""
        return self.score is not None and not self.is_close and self.score > cut + MARGIN


def judgement_of(judged: Judged) -> Judgement:
    """What a head says, as it is kept; several labels are a tuple in the order of their names."""
    answer = judged.answer
    value = answer if isinstance(answer, str) else tuple(sorted(answer))
    unsure = judged.protected or isnan(judged.score)
    return Judgement(value, None if unsure else judged.score)
