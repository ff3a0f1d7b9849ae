"""A question that Google refuses throughout is found out with a handful of requests."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.hearing import Phase, Refused, Rule
from tierwise.gemini.proof import Proof
from tierwise.records import Reason

WHY = Refused(Reason.REJECTED, "400 INVALID_ARGUMENT: too many states in schema 17")


def phase(proof: Proof) -> Phase:
    return proof.hearing.phase


def reject(proof: Proof, *contents: str, why: Refused = WHY, now: float = 0.0) -> None:
    assert proof.wait_s(now) == 0
    proof.start()
    proof.rejection(contents, why, now)
    proof.leave(refused=True)


def test_few_are_under_way_before_anything_is_known() -> None:
    proof = Proof(Rule())
    for _ in range(4):
        assert proof.wait_s(0.0) == 0
        proof.start()
    assert proof.wait_s(0.0) == math.inf
    proof.leave(refused=False)  # an outage, perhaps: the question is not to blame
    assert proof.wait_s(0.0) == 0


def test_five_pictures_rejected_alike_are_enough() -> None:
    proof = Proof(Rule())
    for number in range(5):
        assert phase(proof) is Phase.OPEN
        reject(proof, f"picture {number}")
    assert phase(proof) is Phase.ENDED
    assert proof.hearing.why == WHY


def test_packs_count_once_and_two_pictures_must_have_been_alone() -> None:
    proof = Proof(Rule())
    for pack in range(6):
        reject(proof, *(f"{pack} {number}" for number in range(8)))
    assert phase(proof) is Phase.DOUBT
    reject(proof, "0 0")
    assert phase(proof) is Phase.DOUBT
    reject(proof, "1 0")
    assert phase(proof) is Phase.ENDED


def test_the_same_picture_again_is_no_other_picture() -> None:
    proof = Proof(Rule())
    for _ in range(20):
        reject(proof, "the same")
    assert phase(proof) is Phase.OPEN


def test_other_words_are_another_matter() -> None:
    proof = Proof(Rule())
    for number in range(20):
        words = "unreadable" if number % 2 else "too large"
        reject(proof, str(number), why=Refused(Reason.REJECTED, words))
    assert phase(proof) is Phase.OPEN


def test_numbers_and_names_in_the_words_do_not_make_them_others() -> None:
    proof = Proof(Rule())
    for number in range(5):
        words = f"request {number}: 'gs://b/{'abcde'[number]}.jpg' is invalid."
        reject(proof, str(number), why=Refused(Reason.REJECTED, words))
    assert phase(proof) is Phase.ENDED


def test_once_answered_it_is_the_pictures_that_are_rejected() -> None:
    proof = Proof(Rule())
    proof.success()
    for number in range(100):
        reject(proof, str(number))
    assert phase(proof) is Phase.OPEN


def test_others_may_know_that_it_can_be_answered() -> None:
    proof = Proof(Rule(meets_s=30.0))
    for number in range(5):
        reject(proof, str(number))
    assert phase(proof) is Phase.DOUBT
    assert proof.wait_s(10.0) == 20
    proof.hearing.contradicted = True
    assert proof.wait_s(10.0) == 0
    assert proof.proven


def test_if_they_do_not_it_ends() -> None:
    proof = Proof(Rule(meets_s=30.0))
    for number in range(5):
        reject(proof, str(number))
    assert proof.wait_s(31.0) == 0
    assert phase(proof) is Phase.ENDED


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 8)), max_size=40))
def test_it_never_ends_without_two_pictures_alone_and_never_hangs(
    rejected: list[tuple[int, int]],
) -> None:
    proof, alone = Proof(Rule()), set[int]()
    for first, size in rejected:
        if phase(proof) is Phase.ENDED:
            break
        reject(proof, *(str(number) for number in range(first, first + size)))
        alone |= {first} if size == 1 else set()
        assert proof.wait_s(0.0) == 0
    if phase(proof) is Phase.ENDED:
        assert len(alone) >= 2


@pytest.mark.parametrize("contents", [1, 8])
def test_a_forty_one_picture_archive_costs_a_handful(contents: int) -> None:
    proof, sent = Proof(Rule()), 0
    waiting = [
        tuple(f"{n}" for n in range(k, min(k + contents, 41))) for k in range(0, 41, contents)
    ]
    while waiting and phase(proof) is not Phase.ENDED:
        pack = waiting.pop(0)
        reject(proof, *pack)
        sent += 1
        if len(pack) > 1:  # as the asker does for a question that was never answered
            waiting += [pack[:1], pack[1:]]
    assert sent <= 10
