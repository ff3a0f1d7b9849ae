"""What is learnt, how it is judged, and what is left to Gemini."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tierwise.errors import JournalError
from tierwise.local.descent import lowest
from tierwise.local.head import Answer, Head, Judged, fit
from tierwise.local.head_file import KeptHead, from_bytes, identity, to_bytes

Features = NDArray[np.float16]


def some(
    pictures: int, labels: Sequence[str], *, features: int = 12, seed: int = 0, spread: float = 0.5
) -> tuple[Features, list[str]]:
    """Pictures whose labels lie apart, in turn."""
    chance = np.random.default_rng(seed)
    middles = np.random.default_rng(99).standard_normal((len(labels), features))
    answers = [labels[number % len(labels)] for number in range(pictures)]
    places = np.arange(pictures) % len(labels)
    noise = chance.standard_normal((pictures, features)) * spread
    return (middles[places] + noise).astype(np.float16), answers


def learnt(features: Features, answers: Sequence[Answer], **how: object) -> Head:
    head = fit(features, answers, **how)  # type: ignore[arg-type]
    assert head is not None
    return head


def test_labels_that_lie_apart_are_told_apart() -> None:
    labels = ["cat", "dog", "sheep"]
    head = learnt(*some(150, labels))
    others, truths = some(300, labels, seed=1)
    judged = [head.judge(one) for one in others]
    right = [one.answer == truth for one, truth in zip(judged, truths, strict=True)]
    assert np.mean(right) > 0.98
    assert not any(one.protected for one in judged)
    # Scores are probabilities: about as many are right as they say.
    assert np.mean([one.score for one in judged]) == pytest.approx(np.mean(right), abs=0.05)


def test_surer_answers_are_more_often_right() -> None:
    labels = [f"label {number}" for number in range(5)]
    head = learnt(*some(500, labels, spread=1.4))
    others, truths = some(1000, labels, seed=1, spread=1.4)
    judged = [head.judge(one) for one in others]
    right = np.array([one.answer == truth for one, truth in zip(judged, truths, strict=True)])
    order = np.argsort([-one.score for one in judged])
    assert right[order[:500]].mean() > right[order[500:]].mean() + 0.1


numbers = st.floats(-60_000, 60_000, width=16)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_is_learnt_scores_are_shares_and_order_is_nothing(data: st.DataObject) -> None:
    count, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 4))
    vectors = data.draw(
        st.lists(st.lists(numbers, min_size=width, max_size=width), min_size=count, max_size=count)
    )
    several = data.draw(st.booleans())
    answer: st.SearchStrategy[Answer] = (
        st.frozensets(st.sampled_from("abc")) if several else st.sampled_from("abc")
    )
    answers = data.draw(st.lists(answer, min_size=count, max_size=count))
    features = np.array(vectors, dtype=np.float16)
    order = data.draw(st.permutations(range(count)))
    head = learnt(features, answers, several=several)
    turned = learnt(features[order], [answers[place] for place in order], several=several)
    for one in features:
        judged = head.judge(one)
        assert judged == turned.judge(one)
        assert 0 <= judged.score <= 1
        assert isinstance(judged.answer, frozenset) is several


def test_one_label_is_always_said_and_surely() -> None:
    features, _ = some(30, ["cat"])
    head = learnt(features, ["cat"] * 30)
    assert head.judge(features[0]) == Judged("cat", 1.0, protected=False)
    few = learnt(features[:19], ["cat"] * 19, least_examples=20)
    assert few.judge(features[0]) == Judged("cat", 1.0, protected=True)


def test_of_nothing_nothing_is_learnt() -> None:
    assert fit(np.zeros((0, 4), dtype=np.float16), []) is None
    broken = np.full((2, 4), np.nan, dtype=np.float16)
    assert fit(broken, ["a", "b"]) is None
    with pytest.raises(ValueError, match="1 answers to 2 pictures"):
        fit(broken, ["a"])


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_features_that_are_no_numbers_have_no_score(wrong: float, several: bool) -> None:
    features, answers = some(60, ["cat", "dog"])
    given: list[Answer] = [frozenset([one]) if several else one for one in answers]
    head = learnt(features, given, several=several)
    spoilt = features[0].copy()
    spoilt[3] = wrong
    judged = head.judge(spoilt)
    assert math.isnan(judged.score)
    assert judged.protected
    # Nor do they spoil what is learnt from the others.
    with_it = learnt(np.vstack([features, spoilt]), [*given, given[0]], several=several)
    assert with_it.judge(features[0]) == head.judge(features[0])


def test_a_rare_label_is_never_said_and_what_may_be_it_is_asked() -> None:
    features, answers = some(120, ["cat", "dog", "lynx"])
    kept = [place for place, one in enumerate(answers) if one != "lynx" or place < 57]
    head = learnt(features[kept], [answers[place] for place in kept], least_examples=20)
    assert head.asked.tolist() == [False, False, True]  # 19 of a lynx
    others, truths = some(300, ["cat", "dog", "lynx"], seed=1)
    judged = [head.judge(one) for one in others]
    lost = [
        one
        for one, truth in zip(judged, truths, strict=True)
        if truth == "lynx" and not one.protected
    ]
    assert not lost
    assert all(one.protected for one in judged if one.answer == "lynx")
    free = sum(not one.protected for one in judged)
    assert free > 100
    enough = learnt(features[kept], [answers[place] for place in kept], least_examples=19)
    assert not enough.asked.any()


def head_of(shares: Sequence[float], asked: Sequence[bool]) -> Head:
    """One that gives every picture these probabilities."""
    labels = tuple(f"label {number:02}" for number in range(len(shares)))
    weights = np.zeros((len(shares), 1))
    return Head(labels, False, np.array(asked), weights, np.log(np.array(shares)))


@pytest.mark.parametrize(("asked", "protected"), [(0.019, False), (0.021, True), (0.4, True)])
def test_two_in_a_hundred_of_all_rare_labels_together_protect(
    asked: float, protected: bool
) -> None:
    head = head_of([1 - asked, asked / 2, asked / 2 + 1e-12], [False, True, True])
    judged = head.judge(np.ones(1, dtype=np.float16))
    assert (judged.answer, judged.protected) == ("label 00", protected)
    assert judged.score == pytest.approx(1 - asked)


def test_a_rare_label_that_is_said_protects_however_little_it_has() -> None:
    shares = [0.019, *[0.981 / 60] * 60]
    head = head_of(shares, [True, *[False] * 60])
    judged = head.judge(np.ones(1, dtype=np.float16))
    assert (judged.answer, judged.protected) == ("label 00", True)
    assert judged.score == pytest.approx(0.019)
    assert not head_of(shares, [False] * 61).judge(np.ones(1, dtype=np.float16)).protected


@pytest.mark.parametrize("several", [False, True])
def test_a_label_that_matters_is_asked_however_well_it_is_known(several: bool) -> None:
    features, answers = some(120, ["fire", "smoke"])
    given: list[Answer] = [frozenset([one]) if several else one for one in answers]
    head = learnt(features, given, several=several, always_ask=["fire", "flood"])
    for one, truth in zip(features, answers, strict=True):
        if truth == "fire":
            assert head.judge(one).protected
    assert not all(head.judge(one).protected for one in features)


def test_several_labels_are_said_together_and_the_score_is_of_all() -> None:
    features, answers = some(240, ["a", "b", "ab", ""])
    sets = [frozenset(one) for one in answers]
    head = learnt(features, sets, several=True)
    others, truths = some(240, ["a", "b", "ab", ""], seed=1)
    judged = [head.judge(one) for one in others]
    assert np.mean([j.answer == frozenset(t) for j, t in zip(judged, truths, strict=True)]) > 0.95
    assert {one.answer for one in judged} == {frozenset(one) for one in ("a", "b", "ab", "")}
    # Less sure of both than of one.
    alone = learnt(features, [frozenset(one & {"a"}) for one in sets], several=True)
    more = sum(head.judge(one).score <= alone.judge(one).score for one in others)
    assert more > 200


def test_pictures_with_none_of_the_labels_are_learnt_from() -> None:
    features, _ = some(30, ["x"])
    head = learnt(features, [frozenset()] * 30, several=True)
    assert head.judge(features[0]) == Judged(frozenset(), 1.0, protected=False)


def test_what_is_judged_does_not_hang_on_company_or_layout() -> None:
    features, answers = some(200, ["a", "b", "c"], features=1280)
    head = learnt(features, answers)
    alone = [head.judge(features[place].copy()) for place in range(50)]
    strided = np.asfortranarray(features)
    assert alone == [head.judge(strided[place]) for place in range(50)]
    shuffled = list(range(50))
    random.Random(1).shuffle(shuffled)
    assert [head.judge(features[place]) for place in shuffled] == [alone[p] for p in shuffled]


def test_numbers_that_say_nothing_leave_the_shares() -> None:
    features = np.ones((100, 5), dtype=np.float16)
    head = learnt(features, ["a"] * 75 + ["b"] * 25)
    judged = head.judge(features[0])
    assert judged.answer == "a"
    assert judged.score == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("several", [False, True])
def test_a_head_that_was_kept_judges_the_same(several: bool) -> None:
    features, answers = some(60, ["cat", "dög"])
    given: list[Answer] = [frozenset([one]) if several else one for one in answers]
    head = learnt(features, given, several=several)
    data = to_bytes(KeptHead(head, "e" * 64))
    kept = from_bytes(data, "journal/local/x.npz")
    assert kept.embedder == "e" * 64
    assert [kept.head.judge(one) for one in features] == [head.judge(one) for one in features]
    assert to_bytes(kept) == data


def test_a_damaged_head_is_told_and_a_newer_one_refused() -> None:
    head = learnt(*some(60, ["cat", "dog"]))
    data = to_bytes(KeptHead(head, "e"))
    for spoilt in (b"", b"nothing", data[:-100], data.replace(b"embedder", b"embodder")):
        with pytest.raises(JournalError, match=r"^x\.npz: this local model is damaged"):
            from_bytes(spoilt, "x.npz")
    uneven = KeptHead(replace(head, labels=("cat",)), "e")
    with pytest.raises(JournalError, match="do not fit together"):
        from_bytes(to_bytes(uneven), "x.npz")
    newer = io.BytesIO()
    np.savez(newer, facts=np.frombuffer(b'{"version": 2}', dtype=np.uint8))
    with pytest.raises(JournalError, match="is of version 2, and this program reads 1"):
        from_bytes(newer.getvalue(), "x.npz")


def test_a_model_is_named_by_what_decides_it() -> None:
    assert identity("a") == identity("a") != identity("b")
    assert len(identity("a")) == 64


def test_the_way_down_ends_at_the_bottom() -> None:
    """A long narrow valley, and one point where nothing is to be done."""
    bends = np.logspace(0, 3, 20)
    bottom = np.linspace(-5, 5, 20)

    def valley(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        away = point - bottom
        return float(bends @ away**2) / 2, bends * away

    found = lowest(valley, np.zeros(20), steps=300, slope=1e-7)
    assert np.abs(found - bottom).max() < 1e-3
    assert np.array_equal(lowest(valley, bottom, steps=5, slope=1e-7), bottom)


def test_more_labels_than_may_come_back_are_left_to_gemini() -> None:
    features, answers = some(90, ["cat", "dog", "lynx"])
    three: list[Answer] = [frozenset(["cat", "dog", "lynx"])] * 90
    del answers
    for most, protected in ((0, False), (2, True), (3, False)):
        head = learnt(features, three, several=True, most=most)
        assert head.judge(features[0]).protected is protected
