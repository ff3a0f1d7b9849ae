"""Below which confidence an answer is in doubt, found on labelled answers and never written.

Some models say how sure they are, and some say 0.95 of nearly everything. So the thresholds that
are tried are quantiles of what a route has said, in which labels have no part: half of its answers
are asked again, a quarter, an eighth, a sixteenth. They are tested like any other candidate, from
the surest to the boldest, and it is an answer that none of them helps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.structs import CONFIDENCE
from tierwise.calibration.cascades import DoubtRule
from tierwise.calibration.figures import Observation
from tierwise.statistics.two_samples import p_not_more_frequent
from tierwise.tasks.condition_checks import load_condition

# What it takes to say that answers below a threshold are wrong more often.
_ERROR = 0.05
# The shares of answers that thresholds leave in doubt.
_DOUBTED = (1 / 2, 1 / 4, 1 / 8, 1 / 16)


def by_confidence(name: str) -> bool:
    """Whether a candidate of this name asks again by such a threshold."""
    return f" if {CONFIDENCE} < " in name


def confidence_rules(
    task: str, kind: AnswerType, answered: Sequence[Observation]
) -> Iterator[DoubtRule]:
    """The rules by which answers of a route are in doubt; none where it is always as sure.

    Args:
        task: its name, by which conditions mean its first answer.
        kind: its answer type; only structs with a confidence have such rules.
        answered: what the route has answered on the labelled images.
    """
    known = _known(kind, answered)
    at_shares = (known[int(share * len(known))] for share in _DOUBTED if known)
    for threshold in dict.fromkeys(at_shares):
        if known[0] < threshold:
            text = f"{task}.{CONFIDENCE} < {threshold!r}"
            yield DoubtRule(f"{CONFIDENCE} < {threshold:g}", load_condition(text, {task: kind}), {})


def telling_confidence(kind: AnswerType, answered: Sequence[Observation]) -> float | None:
    """The confidence of the least sure quarter, if these answers are wrong more often than others.

    That they are not is refuted by the exact test of Fisher at 5 %; None where it is not, and for
    answers without a confidence. The quarter is fixed beforehand, and nobody has searched.
    """
    known = _known(kind, answered)
    if not known or known[0] == (threshold := known[len(known) // 4]):
        return None
    wrong = {True: 0, False: 0}
    images = {True: 0, False: 0}
    # Of images that fail together the first stands for all.
    firsts = {one.unit or place: one for place, one in reversed([*enumerate(answered)])}
    for one in firsts.values():
        if one.value is not None and isinstance(sure := one.value.get(CONFIDENCE), int | float):
            images[sure < threshold] += 1
            wrong[sure < threshold] += kind.score_of(one.truth, one.value) < 1
    p_value = p_not_more_frequent(wrong[True], images[True], wrong[False], images[False])
    return threshold if p_value <= _ERROR else None


def _known(kind: AnswerType, answered: Sequence[Observation]) -> list[float]:
    """The confidences that were given, the least first."""
    if CONFIDENCE not in dict(kind.schema().properties):
        return []
    values = [one.value.get(CONFIDENCE) for one in answered if one.value is not None]
    return sorted(one for one in values if isinstance(one, int | float))
