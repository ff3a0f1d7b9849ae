"""Below which confidence an answer is in doubt, found on labelled answers and never written.

Some models say how sure they are, and some say 0.95 of nearly everything. So the thresholds that
are tried are quantiles of what a route has said, in which labels have no part: half of its answers
are asked again, a quarter, an eighth, a sixteenth. They are tested like any other candidate, from
the surest to the boldest, and it is an answer that none of them helps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.cascades import DoubtRule
from tierwise.calibration.figures import Observation
from tierwise.tasks.condition_checks import load_condition

# A number of this name in a struct says how sure the model is, from 0 to 1.
CONFIDENCE = "confidence"

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
    if dict(kind.schema().properties).get(CONFIDENCE) is None:
        return
    values = [one.value.get(CONFIDENCE) for one in answered if one.value is not None]
    known = sorted(one for one in values if isinstance(one, int | float))
    at_shares = (known[int(share * len(known))] for share in _DOUBTED if known)
    for threshold in dict.fromkeys(at_shares):
        if known[0] < threshold:
            text = f"{task}.{CONFIDENCE} < {threshold!r}"
            yield DoubtRule(f"{CONFIDENCE} < {threshold:g}", load_condition(text, {task: kind}), {})
