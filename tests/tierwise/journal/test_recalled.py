"""Each run recalls what is its own and what it may reuse: not what others said to others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tierwise.journal.test_lines import ANSWERS, FAILURES
from tierwise.accounts.costs import CostTotals, totals_of
from tierwise.answerer import Answerer, ServiceKind
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.journal.lines import Entry, read_lines, to_lines
from tierwise.journal.reading import Reading
from tierwise.journal.recalled import free, recall
from tierwise.records import UNKNOWN_FRAMES, Answer, Failure, Outcome, Page, Reason, Spent

OURS, EARLIER = "run-2", "run-1"


def entry(run: str, outcome: Outcome | Spent, content: str = "sha256:0") -> Entry:
    if isinstance(outcome, Spent):
        return Entry(run, content, "r1", wasted=outcome)
    if isinstance(outcome, Answer):
        return Entry(run, content, outcome.request_id, answer=outcome)
    return Entry(run, content, outcome.request_id, failure=outcome)


def test_an_earlier_runs_answer_is_reused_and_costs_nothing(answer: Callable[..., Answer]) -> None:
    paid = answer(wasted=Spent(cost=9))
    recalled = recall([entry(EARLIER, Spent(cost=9)), entry(EARLIER, paid)], run_id=OURS)
    unpaid = replace(paid, spent=Spent(), wasted=Spent(), reused=True, earlier=True)
    assert recalled.outcomes == {"r1": unpaid}
    assert recalled.wasted == {}


def test_this_runs_answer_keeps_its_cost(answer: Callable[..., Answer]) -> None:
    recalled = recall([entry(OURS, answer())], run_id=OURS)
    assert recalled.outcomes == {"r1": answer()}


def test_what_would_fail_again_is_not_paid_again(failure: Callable[..., Failure]) -> None:
    refused = recall([entry(EARLIER, failure())], run_id=OURS).outcomes["r1"]
    assert (refused.spent, refused.wasted, refused.earlier) == (Spent(), Spent(), True)
    cut_off = replace(failure(), reason=Reason.TRUNCATED)
    assert recall([entry(EARLIER, cut_off)], run_id=OURS).outcomes == {}


def test_an_earlier_answer_goes_before_an_earlier_refusal(
    answer: Callable[..., Answer], failure: Callable[..., Failure]
) -> None:
    both = [entry(EARLIER, failure()), entry(EARLIER, answer())]
    for entries in (both, both[::-1]):
        assert isinstance(recall(entries, run_id=OURS).outcomes["r1"], Answer)
    assert recall([entry(OURS, failure())], run_id=OURS).outcomes == {"r1": failure()}


@pytest.mark.parametrize("turned", [False, True])
def test_what_this_run_paid_goes_before_what_it_could_have_reused(
    answer: Callable[..., Answer], turned: bool
) -> None:
    entries = [entry(EARLIER, answer(value="old")), entry(OURS, answer(value="new"))]
    recalled = recall(entries[:: -1 if turned else 1], run_id=OURS)
    assert recalled.outcomes == {"r1": answer(value="new")}


def test_waste_without_outcome_is_remembered() -> None:
    entries = [
        entry(OURS, Spent(cost=3)),
        entry(OURS, Spent(cost=4)),
        entry(EARLIER, Spent(cost=9)),
    ]
    assert recall(entries, run_id=OURS).wasted == {"r1": Spent(cost=7)}


PARTS = st.lists(st.integers(1, 1000), max_size=3)


@given(
    PARTS,
    st.lists(st.tuples(st.booleans(), st.integers(1, 1000)), min_size=1, max_size=3),
    st.randoms(),
)
def test_whatever_attempts_paid_is_counted_once(
    answer: Callable[..., Answer],
    failure: Callable[..., Failure],
    wastes: list[int],
    outcomes: list[tuple[bool, int]],
    shuffler: Any,
) -> None:
    """Each attempt of a bundle may have known of the waste before it; all lines are kept."""
    known = Spent(cost=sum(wastes))
    entries = [entry(OURS, Spent(cost=cost)) for cost in wastes]
    for answered, cost in outcomes:
        build: Callable[..., Outcome] = answer if answered else failure
        entries.append(entry(OURS, build(spent=Spent(cost=cost), wasted=known)))
    shuffler.shuffle(entries)
    recalled = recall(entries, run_id=OURS)
    found = recalled.outcomes["r1"]
    assert found.spent.cost + found.wasted.cost == sum(wastes) + sum(cost for _, cost in outcomes)
    assert isinstance(found, Answer) == any(answered for answered, _ in outcomes)
    assert recalled.wasted == {}


def test_pages_are_known_when_each_of_them_is(answer: Callable[..., Answer]) -> None:
    pages = [Page(number, 3, 10, 10, "tiff") for number in (1, 2, 3)]
    entries = [
        entry(EARLIER, answer(request_id=f"r{page.number}", page=page)) for page in reversed(pages)
    ]
    assert recall(entries, run_id=OURS).pages_of("sha256:0", "first") == pages
    assert recall(entries[1:], run_id=OURS).pages_of("sha256:0", "first") == []
    assert recall(entries, run_id=OURS).pages_of("sha256:1", "first") == []


@given(ANSWERS | FAILURES)
def test_what_is_free_costs_nothing_and_says_the_same(outcome: Outcome) -> None:
    unpaid = free(outcome)
    assert (unpaid.spent, unpaid.wasted) == (Spent(), Spent())
    assert (unpaid.baseline, unpaid.earlier) == (outcome.baseline, outcome.earlier)
    assert free(unpaid) == unpaid
    if isinstance(outcome, Answer):
        assert isinstance(unpaid, Answer)
        assert (unpaid.value, unpaid.reused) == (outcome.value, True)


def test_of_a_page_the_fine_detail_is_kept_once_it_was_measured(
    answer: Callable[..., Answer],
) -> None:
    """Runs whose rules do not need it leave it out, as those of before there were rules did."""
    page = Page(1, 1, 640, 480, "jpeg")
    plain = answer(request_id="a", page=page)
    assert b"detail" not in to_lines([Entry("run-1", "sha256:a", "a", plain)])
    assert b"route_reason" not in to_lines([Entry("run-1", "sha256:a", "a", plain)])
    measured = answer(request_id="b", page=replace(page, detail=0.25))
    for order in ([plain, measured], [measured, plain]):
        entries = [Entry("run-1", "sha256:a", one.request_id, one) for one in order]
        assert recall(entries, run_id="run-2").pages_of("sha256:a", "first") == [measured.page]


def test_frames_of_an_animation_are_pages_of_their_own(answer: Callable[..., Answer]) -> None:
    """One picture of a file by its first frame, four by four frames: neither tells of the other."""
    one = Page(1, 1, 64, 48, "gif")
    four = [Page(number, 4, 64, 48, "gif", frames=4) for number in range(1, 5)]
    entries = [
        entry(EARLIER, answer(request_id=f"r{page.pages}-{page.number}", page=page))
        for page in (one, *four)
    ]
    recalled = recall(entries, run_id=OURS)
    assert recalled.pages_of("sha256:0", "first") == [one]
    assert recalled.pages_of("sha256:0", 4) == four
    assert recalled.pages_of("sha256:0", "middle") == []
    still = recall([entry(EARLIER, answer())], run_id=OURS)
    assert still.pages_of("sha256:0", 4) == [answer().page]


def test_lines_of_the_first_version_do_not_tell_which_frames_pages_are(
    answer: Callable[..., Answer],
) -> None:
    pages = [Page(1, 1, 64, 48, "gif"), Page(1, 4, 64, 48, "gif"), Page(1, 4, 64, 48, "tiff")]
    entries = [entry(EARLIER, answer(page=page)) for page in pages]
    lines = to_lines(entries).replace(b'"version":2', b'"version":1')
    lines = re.sub(rb',"crc":"[0-9a-f]{8}"', b"", lines)
    frames = [one.answer.page.frames for one in read_lines(lines, name="j").entries if one.answer]
    assert frames == ["first", UNKNOWN_FRAMES, "first"]


DEVELOPER, VERTEX = Answerer(ServiceKind.DEVELOPER), Answerer(ServiceKind.VERTEX)
EMULATOR = Answerer(ServiceKind.EMULATOR, "tierwise/0.1.0")
KNOWING = Answerer(ServiceKind.EMULATOR, "tierwise/0.1.0; knows=0123456789abcdef")
UNNAMED = Answerer(ServiceKind.EMULATOR)


@pytest.mark.parametrize(
    ("ours", "taken"),
    [
        (DEVELOPER, [DEVELOPER, VERTEX]),
        (VERTEX, [DEVELOPER, VERTEX]),
        (EMULATOR, [EMULATOR, UNNAMED]),
        (KNOWING, [KNOWING]),
        (UNNAMED, [UNNAMED]),
    ],
)
def test_only_answers_of_the_same_kind_are_recalled(
    answer: Callable[..., Answer], ours: Answerer, taken: list[Answerer]
) -> None:
    everybody = [DEVELOPER, VERTEX, EMULATOR, KNOWING, UNNAMED]
    entries = [
        replace(entry(EARLIER, answer(request_id=str(number))), answerer=answerer)
        for number, answerer in enumerate(everybody)
    ]
    decoded = read_lines(to_lines(entries), name="j").entries
    found = recall(decoded, run_id=OURS, reading=Reading(ours)).outcomes
    assert [everybody[int(name)] for name in found] == taken
    services = [one.service for one in found.values() if isinstance(one, Answer)]
    assert services == [one.service for one in taken]


@pytest.mark.parametrize(
    ("reason", "may_pass", "ask_again", "known"),
    [
        (Reason.BLOCKED_ANSWER, False, "", True),
        (Reason.BLOCKED_ANSWER, True, "", False),
        (Reason.BLOCKED_ANSWER, False, Reason.BLOCKED_ANSWER, False),
        (Reason.INVALID_ANSWER, False, Reason.BLOCKED_ANSWER, True),
        (Reason.UNAVAILABLE, False, "", False),
    ],
)
def test_a_final_failure_is_asked_again_where_that_is_wanted(
    failure: Callable[..., Failure], reason: Reason, may_pass: bool, ask_again: str, known: bool
) -> None:
    failed = entry(EARLIER, failure(reason=reason, may_pass=may_pass))
    reading = Reading(ask_again=frozenset({Reason(ask_again)} if ask_again else ()))
    assert bool(recall([failed], run_id=OURS, reading=reading).outcomes) == known


@pytest.mark.parametrize(("limit", "known"), [(256, True), (200, True), (257, False)])
def test_what_was_cut_off_is_left_alone_until_the_limit_is_raised(
    failure: Callable[..., Failure], limit: int, known: bool
) -> None:
    cut_off = replace(entry(EARLIER, failure(reason=Reason.TRUNCATED)), cut_off_at=256)
    reading = Reading(limits={"category": limit})
    recalled = recall([cut_off], run_id=OURS, reading=reading)
    assert (list(recalled.outcomes), recalled.cut_off) == (
        (["r1"], set()) if known else ([], {"r1"})
    )
    early = recall([replace(cut_off, cut_off_at=0)], run_id=OURS, reading=reading)
    assert (early.outcomes, early.cut_off) == ({}, {"r1"})


def test_a_bundle_that_is_tried_again_neither_loses_nor_doubles_what_the_naive_way_pays(
    answer: Callable[..., Answer],
) -> None:
    """Whether one attempt has paid or two: names that come after have the same for nothing."""
    for attempts in (1, 2):
        asked = QuestionsAsked(recall([entry(OURS, answer())] * attempts, run_id=OURS))
        first, twin, third = (asked.recall("r1") for _ in range(3))
        assert [one.baseline for one in (first, twin, third)] == [300_000] * 3
        assert (first.spent.cost, twin.spent.cost, third.spent.cost) == (81_500, 0, 0)
        assert not first.earlier
        counted = CostTotals.zero()
        for _, total in (row for one in (first, twin) for row in totals_of(one)):
            counted += total
        assert (counted.baseline, counted.baseline_before) == (600_000, 0)
    before = QuestionsAsked(recall([entry(EARLIER, answer())], run_id=OURS))
    [(_, total)], [(_, again)] = (totals_of(before.recall("r1")) for _ in range(2))
    assert (total.baseline, total.baseline_before) == (0, 300_000)
    assert again == total


def test_what_early_journals_say_of_the_naive_way_is_left_out(
    answer: Callable[..., Answer],
) -> None:
    line = json.loads(to_lines([entry(EARLIER, answer())]))
    del line["crc"]
    old = json.dumps({**line, "version": 1}).encode()
    [read] = read_lines(old, name="old.jsonl").entries
    assert read.answer
    assert (read.answer.baseline, read.answer.spent) == (0, answer().spent)
