"""What an exam is taken to show: every doubt raises the cut, none lowers it."""

from __future__ import annotations

from decimal import Decimal
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tierwise.local.head import Judged
from tierwise.local.judgement import MARGIN, Judgement, judgement_of
from tierwise.local.roles import Role, Roles, roles_for
from tierwise.local.statement import Counts, Examined, Terms, state
from tierwise.statistics.examination import most_mistakes

COUNTS = Counts(learn=300, exam=200, rest=1_500)
TERMS = Terms(Decimal("0.05"), Decimal("0.95"), 0.05)


def exam(wrong: dict[int, float], right: float = 0.99) -> list[Examined]:
    """One of 200 pictures, those named being mistakes of these scores."""
    return [
        Examined("t", Judgement("a", wrong.get(one, right)), one in wrong, ("a",), ("a",))
        for one in range(COUNTS.exam)
    ]


def above(examined: list[Examined]) -> float:
    return state("t", TERMS, "m", COUNTS, examined).above


def test_the_cut_is_the_score_of_the_first_mistake_that_is_one_too_many() -> None:
    allowed = most_mistakes(COUNTS.not_learnt, COUNTS.exam, 100, 0.05)
    scores = {one: 0.9 - one / 1000 for one in range(40)}
    found = state("t", TERMS, "m", COUNTS, exam(scores))
    assert found.cut.allowed == allowed == found.cut.mistakes
    assert found.above == 0.9 - allowed / 1000
    assert found.mistakes == 40
    assert not found.why_not


def test_what_is_asked_in_any_case_is_no_mistake() -> None:
    protected = [Examined("t", Judgement("a", None), wrong=True)] * COUNTS.exam
    assert above(protected) == -inf


def test_what_nobody_knows_of_is_a_mistake_of_the_surest() -> None:
    some = exam({})
    assert above(some) == -inf
    assert above(some[:150]) == inf  # fifty never came
    assert above([*some[:150], *[Examined("t", None, wrong=True)] * 50]) == inf
    assert "50 pictures of the exam" in state("t", TERMS, "m", COUNTS, some[:150]).why_not


def test_a_close_call_is_a_mistake_even_where_it_was_right() -> None:
    """Another machine might have called it otherwise."""
    close = exam({}, right=0.5 + MARGIN / 2)
    assert above(close) == 0.5 + MARGIN / 2
    assert not Judgement("a", 0.5 + MARGIN / 2).stands_above(-inf)


def test_an_exam_that_is_too_small_says_so() -> None:
    counts = Counts(learn=300, exam=20, rest=1_680)
    terms = Terms(Decimal("0.01"), Decimal("0.95"), 0.05)
    found = state("t", terms, "m", counts, exam({})[:20])
    assert found.above == inf
    assert "too small to prove that at most 20 differ" in found.why_not


def test_a_local_answer_lies_above_the_cut_by_the_margin() -> None:
    assert not Judgement("a", 0.8 + MARGIN).stands_above(0.8)
    assert Judgement("a", 0.8 + 1.01 * MARGIN).stands_above(0.8)
    assert not Judgement("a", None).stands_above(-inf)
    assert judgement_of(Judged("a", float("nan"), protected=False)).score is None
    assert judgement_of(Judged("a", 0.9, protected=True)).score is None


@given(
    wrong=st.dictionaries(st.integers(0, 199), st.floats(0, 1), max_size=60),
    more=st.dictionaries(st.integers(0, 199), st.floats(0, 1), max_size=10),
)
def test_more_mistakes_or_surer_ones_never_lower_the_cut(
    wrong: dict[int, float], more: dict[int, float]
) -> None:
    surer = {one: max(score, more.get(one, 0.0)) for one, score in wrong.items()}
    assert above(exam(more | surer)) >= above(exam(wrong))


def test_the_curve_asks_less_the_more_may_differ() -> None:
    found = state("t", TERMS, "m", COUNTS, exam({one: 0.9 - one / 300 for one in range(60)}))
    shares = [one.asked_share for one in found.points]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    # Each point is proved at a fifth of the error, so that any may be chosen afterwards.
    five = {one.differ: one.above for one in found.points}
    assert five[Decimal("0.05")] >= found.above


def test_losses_are_told_label_by_label() -> None:
    some = exam({})
    some[:3] = [Examined("t", Judgement("a", 0.99), True, ("b",), ("a",))] * 3
    by_label = {one.label: one for one in state("t", TERMS, "m", COUNTS, some).labels}
    assert (by_label["b"].examined, by_label["b"].lost) == (3, 3)
    assert by_label["b"].at_most > 3 * 1_500 / 200
    assert by_label["a"].lost == 0


@given(st.integers(1_000, 10**8), st.sampled_from(["0.005", "0.02", "0.1"]))
def test_roles_take_a_part_of_the_archive_that_pays(contents: int, differ: str) -> None:
    roles = roles_for(contents, Decimal(differ), "salt")
    if roles is None:
        assert contents < 10_000
    else:
        assert 0 < roles.asked_in_any_case <= contents / 2 + 1
        assert roles.learn + roles.exam < 2**32


def test_each_content_has_one_role_in_about_the_wanted_shares() -> None:
    roles = Roles("salt", 2**32 // 5, 2**32 // 10, 10_000)
    names = [f"sha256:{number:064x}" for number in range(10_000)]
    found = [roles.role_of(name) for name in names]
    assert abs(found.count(Role.LEARN) - 2_000) < 200
    assert abs(found.count(Role.EXAM) - 1_000) < 150
    again = [name for name in names if roles.examines_among_first(name, 200)]
    assert all(roles.role_of(name) is Role.EXAM for name in again)
    assert 150 < len(again) < 250
    others = Roles("pepper", roles.learn, roles.exam, roles.contents)
    assert [others.role_of(name) for name in names] != found
