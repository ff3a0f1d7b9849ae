"""What an exam proves about a local model: how sure it must be to answer in Gemini's place.

Of the N contents of an archive some are learnt from. Of the M others an exam takes m at random;
Gemini answers these and the model answers them too. From then on the model may answer any of the
M - m that are left, the rest, whose score lies above a cut. How low may the cut be, so that of
the rest at most B are answered otherwise than Gemini would have answered them?

**The cut.** Let d be the largest number below m for which an urn with M balls, B + d + 1 of them
red, gives d or fewer red ones among m that are drawn without replacement with probability alpha
at most (or for which there are not so many balls). Look at the exam's mistakes from the highest
score down: the cut is the score of the (d + 1)-th. Where there are no more than d, nothing is cut
off; where no d will do, everything is. Answered locally is what lies above the cut, strictly.

**The promise.** In at most a share alpha of all draws of the exam, more than B of the rest are
answered locally and otherwise than by Gemini.

**Proof.** Fix what was learnt. The model, its scores, and what Gemini says or would say of each
content are then fixed as well: none of it may depend on who else is examined. Call wrong whatever
the model may answer and answers otherwise than Gemini. Write all M contents in one row: first those
that are wrong, the highest score first, contents of one score in any order that knows nothing of
the exam; behind them all others. If M - m <= B or no d will do, nothing needs proof. Else d < m,
so the row has a (d + 1)-th member of the exam; say that it stands at place T. Before it stand d
members of the exam and T - d - 1 of the rest.

All of the rest that is wrong and above the cut stands before T. For if d + 1 of the wrong ones are
in the exam, the (d + 1)-th of these is the one at T, the cut is its score, and a higher score
stands further to the front. If there are fewer, T lies behind all that is wrong.

So if there are more than B of them, T - d - 1 > B, and among the first B + d + 1 places of the row
there are at most d members of the exam. The row was fixed before the exam was drawn, so their
number is that of red balls drawn from the urn: probability alpha at most. Where the row has fewer
than B + d + 1 places, M - m < B, which was set aside above.

Nothing else is asked of the model: it may be useless, or sure of its mistakes; then the cut is
high. To count a content of the exam as a mistake that is none, to raise a score of one, to raise
the cut, or to ask what might be answered can only lower the number of differences. But every tie
must be broken without knowledge of the exam, and exam and rest must be scored alike: a score that
is rounded in one of them alone is not the same score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, isnan, lgamma

# Of a probability, as lgamma has it of a hundred million contents; in the safe direction.
_ROUNDING = 1e-5
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Cut:
    """What was found by an exam.

    Attributes:
        above: what a score must exceed for a local answer; infinite where nothing is answered
            locally, minus infinite where all is that may be.
        allowed: d, the mistakes that the exam may have above the cut; -1 where even none would
            prove too little.
        mistakes: those that it has above the cut.
        expected: how many of the rest are answered otherwise, in the mean over all draws of an
            exam where the cut fell on a mistake that shares its score with no other; an estimate
            where nothing was cut off.
    """

    above: float
    allowed: int
    mistakes: int
    expected: float

    def covers(self, score: float) -> bool:
        """Whether a content of this score is answered locally; never where it has none (NaN)."""
        return score > self.above


def cut(mistakes: Iterable[float], *, contents: int, examined: int, most: int, alpha: float) -> Cut:
    """Where to cut.

    Args:
        mistakes: scores of those of the exam that the model may answer and got wrong; NaN and
            infinity for one whose score is not known, which counts as the surest. What is asked in
            any case, whatever its score, is no mistake.
        contents: M, all that was not learnt from, the exam included.
        examined: m, those of them in the exam.
        most: B, how many of the rest may be answered otherwise.
        alpha: in what share of draws there may be more.

    Raises:
        ValueError: not 0 <= examined <= contents, most is negative, or alpha is not within 0 and 1.

    >>> found = cut([0.9, 0.8, 0.7], contents=1000, examined=300, most=20, alpha=0.05)
    >>> found.allowed, found.above
    (3, -inf)
    >>> cut([0.9, 0.8, 0.7], contents=1000, examined=300, most=10, alpha=0.05).above
    0.9
    """
    scores = sorted((inf if isnan(one) else one for one in mistakes), reverse=True)
    allowed = most_mistakes(contents, examined, most, alpha)
    rest = contents - examined
    if allowed < 0:
        return Cut(inf, allowed, 0, 0.0)
    if len(scores) > allowed:
        above = scores[allowed]
        expected = (allowed + 1) * rest / (examined + 1)
        return Cut(above, allowed, sum(score > above for score in scores), expected)
    expected = len(scores) * rest / examined if examined else 0.0
    return Cut(-inf, allowed, len(scores), expected)


def most_mistakes(contents: int, examined: int, most: int, alpha: float) -> int:
    """The mistakes that an exam may have above the cut; -1 where even none would prove too little.

    Args and errors are those of `cut`.

    >>> most_mistakes(9_072, 928, 200, 0.05), most_mistakes(1_683, 317, 10, 0.05)
    (14, -1)
    """
    if not 0 <= examined <= contents or most < 0 or not 0 < alpha < 1:
        raise ValueError(f"{contents=}, {examined=}, {most=}, {alpha=} is no exam")

    def proves(allowed: int) -> bool:
        wrong = most + allowed + 1
        if wrong > contents:
            return True
        return drawn_at_most(allowed, contents, wrong, examined) <= alpha * (1 - _ROUNDING)

    # One more red ball adds one at most to those drawn: so what proves with d + 1 proves with d.
    low, high = -1, examined
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if proves(middle) else (low, middle)
    return low


def drawn_at_most(red: int, balls: int, all_red: int, drawn: int) -> float:
    """The probability of so many red balls or fewer among those drawn without replacement.

    Terms are added from the largest outwards, so that none is lost to rounding.

    >>> round(drawn_at_most(0, 10, 3, 2) * 45)
    21
    """
    least, greatest = max(0, drawn - (balls - all_red)), min(drawn, all_red)
    if red < least or red >= greatest:
        return float(red >= greatest)
    start = max(least, min(red, (drawn + 1) * (all_red + 1) // (balls + 2)))
    white = balls - all_red
    ways = _log_ways(all_red, start) + _log_ways(white, drawn - start)
    total = term = largest = exp(ways - _log_ways(balls, drawn))
    for count in range(start, least, -1):
        term *= count * (white - drawn + count) / ((all_red - count + 1) * (drawn - count + 1))
        total += term
        if term < total * _NEGLIGIBLE:
            break
    term = largest
    for count in range(start + 1, red + 1):
        term *= (all_red - count + 1) * (drawn - count + 1) / (count * (white - drawn + count))
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return min(total, 1.0)


def _log_ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
