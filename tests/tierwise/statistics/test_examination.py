"""The promise of an exam, counted over every draw there is: nothing here is left to chance."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.statistics.examination import Cut, cut, drawn_at_most, most_mistakes

LEVELS = [Fraction(1, 100), Fraction(1, 20), Fraction(1, 5), Fraction(1, 2)]


def exactly_at_most(red: int, balls: int, all_red: int, drawn: int) -> Fraction:
    ways = sum(
        math.comb(all_red, count) * math.comb(balls - all_red, drawn - count)
        for count in range(min(red, all_red, drawn) + 1)
        if drawn - count <= balls - all_red
    )
    return Fraction(ways, math.comb(balls, drawn))


def test_urns_are_counted_right() -> None:
    for balls in range(1, 13):
        for all_red, drawn in product(range(balls + 1), repeat=2):
            for red in range(-1, drawn + 1):
                exact = exactly_at_most(red, balls, all_red, drawn)
                assert drawn_at_most(red, balls, all_red, drawn) == pytest.approx(float(exact))


@given(st.data())
def test_large_urns_agree_with_whole_numbers(data: st.DataObject) -> None:
    balls = data.draw(st.integers(1, 4000))
    all_red, drawn = data.draw(st.integers(0, balls)), data.draw(st.integers(0, balls))
    red = data.draw(st.integers(0, drawn))
    exact = float(exactly_at_most(red, balls, all_red, drawn))
    assert drawn_at_most(red, balls, all_red, drawn) == pytest.approx(exact, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("alpha", LEVELS)
def test_no_more_mistakes_are_allowed_than_prove_enough(alpha: Fraction) -> None:
    for contents in range(1, 15):
        for examined, most in product(range(contents + 1), range(contents)):
            proving = [
                allowed
                for allowed in range(examined)
                if most + allowed + 1 > contents
                or exactly_at_most(allowed, contents, most + allowed + 1, examined) <= alpha
            ]
            # What proves with one more mistake proves without it, so that halving finds the last.
            assert proving == list(range(len(proving)))
            found = most_mistakes(contents, examined, most, float(alpha))
            last = len(proving) - 1
            wrong = most + last + 1
            just = (
                proving
                and wrong <= contents
                and exactly_at_most(last, contents, wrong, examined) == alpha
            )
            assert found == last or (just and found == last - 1)


@pytest.mark.parametrize(
    ("archive", "sample", "tolerated", "allowed"),
    [
        (2_000, 317, (0.005, 0.01, 0.02, 0.05, 0.1), [-1, 0, 3, 14, 34]),
        (10_000, 928, (0.005, 0.01, 0.02, 0.05, 0.1), [1, 5, 14, 44, 96]),
        (1_000_000, 19_999, (0.005, 0.01, 0.02, 0.05, 0.1), [87, 184, 382, 989, 2011]),
    ],
)
def test_whole_numbers_say_the_same_of_real_archives(
    archive: int, sample: int, tolerated: Sequence[float], allowed: list[int]
) -> None:
    contents = archive - sample
    found = [most_mistakes(contents, sample, int(x * archive), 0.05) for x in tolerated]
    assert found == allowed
    if archive > 10_000:  # whole numbers of so many digits take seconds
        return
    for share, last in zip(tolerated, found, strict=True):
        most = int(share * archive)
        if last >= 0:
            exact = exactly_at_most(last, contents, most + last + 1, sample)
            assert exact <= Fraction(1, 20)
        assert exactly_at_most(last + 1, contents, most + last + 2, sample) > Fraction(1, 20)


def cut_by(
    exam: Sequence[int],
    scores: Sequence[float],
    wrong: Sequence[bool],
    *,
    contents: int,
    most: int,
    alpha: float,
) -> Cut:
    """The cut that an exam of these contents gives."""
    mistakes = [scores[one] for one in exam if wrong[one]]
    return cut(mistakes, contents=contents, examined=len(exam), most=most, alpha=alpha)


def broken(found: Cut, scores: Sequence[float], wrong: Sequence[bool], rest: Sequence[int]) -> int:
    """How many of the rest are answered locally, and otherwise than by Gemini."""
    return sum(wrong[one] and found.covers(scores[one]) for one in rest)


def groups_of_equals(total: int) -> Iterator[tuple[int, ...]]:
    if not total:
        yield ()
    for first in range(1, total + 1):
        for others in groups_of_equals(total - first):
            yield (first, *others)


def levels(contents: int, alpha: Fraction) -> Iterator[Fraction]:
    """Of each archive of so many contents the share of draws that break the promise.

    With every number of mistakes, and every pattern of tied scores among these.
    """
    for mistakes in range(contents + 1):
        for ties in groups_of_equals(mistakes):
            scores = [-float(rank) for rank, size in enumerate(ties) for _ in range(size)]
            scores += [5.0] * (contents - mistakes)
            wrong = [place < mistakes for place in range(contents)]
            for examined, most in product(range(contents + 1), range(contents)):
                draws = 0
                for exam in combinations(range(contents), examined):
                    found = cut_by(
                        exam, scores, wrong, contents=contents, most=most, alpha=float(alpha)
                    )
                    rest = [one for one in range(contents) if one not in exam]
                    draws += broken(found, scores, wrong, rest) > most
                yield Fraction(draws, math.comb(contents, examined))


@pytest.mark.parametrize("alpha", LEVELS)
def test_of_all_draws_no_more_than_promised_are_broken(alpha: Fraction) -> None:
    closest = max(max(levels(contents, alpha)) for contents in range(1, 7))
    assert closest <= alpha
    if alpha >= Fraction(1, 5):  # smaller ones take more contents to come near to
        assert closest >= alpha * Fraction(4, 5)


@pytest.mark.prove
@pytest.mark.timeout(900)
@pytest.mark.parametrize("alpha", LEVELS)
@pytest.mark.parametrize("contents", [7, 8])
def test_nor_of_larger_archives(contents: int, alpha: Fraction) -> None:
    assert max(levels(contents, alpha)) <= alpha


def level_of_roles(seed: int, most_contents: int) -> tuple[float, float]:
    """The share of all ways to fall into learn, exam and rest that break a promise, and its alpha.

    The model is any function of what it learns from. Each way has the probability of its contents'
    ranges, so the sizes of learn and exam are chance.
    """
    chance = random.Random(seed)
    size = chance.randint(2, most_contents)
    budget, alpha = chance.randint(0, size - 1), chance.choice([0.05, 0.2, 0.5])
    truths = [chance.randint(0, 1) for _ in range(size)]
    shares = [chance.uniform(0.1, 0.5), chance.uniform(0.1, 0.4)]
    weights = [*shares, 1 - sum(shares)]
    level = 0.0
    for roles in product(range(3), repeat=size):
        learnt = tuple(one for one in range(size) if roles[one] == 0)
        model = random.Random(f"{seed} {learnt}")
        answers = [model.randint(0, 1) for _ in range(size)]
        scores = [model.choice([0.5, 0.9, 1.0, math.nan]) for _ in range(size)]
        wrong = [answer != truth for answer, truth in zip(answers, truths, strict=True)]
        exam = [one for one in range(size) if roles[one] == 1]
        contents = size - len(learnt)
        found = cut_by(exam, scores, wrong, contents=contents, most=budget, alpha=alpha)
        rest = [one for one in range(size) if roles[one] == 2]
        if broken(found, scores, wrong, rest) > budget:
            level += math.prod(weights[role] for role in roles)
    return level, alpha


@pytest.mark.parametrize("seed", range(40))
def test_roles_drawn_by_hash_keep_the_promise_whatever_was_learnt(seed: int) -> None:
    level, alpha = level_of_roles(seed, 6)
    assert level <= alpha


@pytest.mark.prove
def test_so_do_roles_of_more_contents_and_models() -> None:
    for seed in range(40, 240):
        level, alpha = level_of_roles(seed, 7)
        assert level <= alpha, seed


def test_ties_that_know_the_exam_break_it() -> None:
    """The enumeration notices what it is there to notice: a rule that prefers the exam at a tie."""
    contents, examined, most, alpha = 6, 3, 0, 0.6
    level, wrong = 0, [True] * contents
    for exam in combinations(range(contents), examined):
        # All wrong, all equally sure, but those of the exam are put below the others.
        scores = [0.5 - 1e-9 * (one in exam) for one in range(contents)]
        found = cut_by(exam, scores, wrong, contents=contents, most=most, alpha=alpha)
        rest = [one for one in range(contents) if one not in exam]
        level += broken(found, scores, wrong, rest) > most
    assert level == math.comb(contents, examined)


def test_a_score_that_nobody_knows_is_never_above_the_cut() -> None:
    everything = cut([], contents=100, examined=50, most=40, alpha=0.05)
    assert everything.above == -math.inf
    assert everything.covers(-1e300)
    assert not everything.covers(math.nan)
    # A mistake without a score stands for the surest.
    assert cut([math.nan] * 50, contents=100, examined=50, most=4, alpha=0.05).above == math.inf


def test_fewer_differ_than_are_expected_on_average_and_no_fewer() -> None:
    """The mean over all draws, where scores differ and the cut falls on a mistake."""
    contents, examined, most, alpha = 11, 6, 2, 0.5
    scores, wrong = [float(-one) for one in range(contents)], [True] * contents
    differing, expected, draws = 0, 0.0, 0
    for exam in combinations(range(contents), examined):
        found = cut_by(exam, scores, wrong, contents=contents, most=most, alpha=alpha)
        assert math.isfinite(found.above)
        rest = [one for one in range(contents) if one not in exam]
        differing += broken(found, scores, wrong, rest)
        expected += found.expected
        draws += 1
    assert differing / draws == pytest.approx(expected / draws)


@pytest.mark.parametrize(
    "given",
    [
        {"contents": 5, "examined": 6},
        {"examined": -1},
        {"most": -1},
        {"alpha": 0.0},
        {"alpha": 1.0},
    ],
)
def test_what_is_no_exam_is_refused(given: dict[str, float]) -> None:
    usual = {"contents": 5, "examined": 2, "most": 1, "alpha": 0.05}
    with pytest.raises(ValueError, match="is no exam"):
        most_mistakes(**(usual | given))  # type: ignore[arg-type]
