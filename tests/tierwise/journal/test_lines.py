"""What is written is what is read, and each run recalls what is its own and what it may reuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import JournalError
from tierwise.journal.lines import (
    VERSION,
    Decoded,
    Entry,
    decode,
    encode,
    free,
    object_name,
    recall,
)
from tierwise.records import (
    Answer,
    Failure,
    MediaResolution,
    Outcome,
    Page,
    Reason,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)

COUNTS = st.integers(0, 2**63 - 1)
# No half characters: replies that hold them are no answers.
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INT64 = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
VALUES = TEXT | st.lists(TEXT).map(tuple) | st.dictionaries(TEXT, JSON, max_size=4)
SPENT = st.builds(Spent, st.builds(Usage, *[COUNTS] * 5), COUNTS, COUNTS, COUNTS)
PAGES = st.builds(Page, COUNTS, COUNTS, COUNTS, COUNTS, TEXT, st.none() | st.floats(0, 1))
SHARED = {
    "request_id": TEXT,
    "task": TEXT,
    "page": PAGES,
    "model": TEXT,
    "media_resolution": st.sampled_from(MediaResolution),
    "service_tier": st.sampled_from(ServiceTier),
    "spent": SPENT,
    "wasted": SPENT,
    "baseline": COUNTS,
    "attempts": COUNTS,
}
ANSWERS = st.builds(
    Answer,
    **SHARED,
    value=VALUES,
    model_version=TEXT,
    sent=st.builds(Sent, COUNTS, COUNTS, COUNTS),
    images_in_request=COUNTS,
    route_reason=TEXT,
    latency_ms=COUNTS,
    asked_at=TEXT,
    reused=st.booleans(),
)
FAILURES = st.builds(Failure, **SHARED, reason=st.sampled_from(Reason), message=TEXT)
ENTRIES = st.one_of(
    st.builds(Entry, TEXT, TEXT, TEXT, answer=ANSWERS),
    st.builds(Entry, TEXT, TEXT, TEXT, failure=FAILURES),
    st.builds(Entry, TEXT, TEXT, TEXT, wasted=SPENT),
)


@given(st.lists(ENTRIES, min_size=1, max_size=4))
def test_what_is_written_is_read(entries: list[Entry]) -> None:
    assert decode(encode(entries), name="j") == Decoded(entries, 0)


def test_a_line_is_json_names_its_version_and_leaves_out_what_is_empty(
    answer: Callable[..., Answer],
) -> None:
    line = encode([Entry("run", "sha256:0", "r1", answer=answer())])
    assert line.endswith(b"\n")
    written = json.loads(line)
    assert written["version"] == VERSION
    assert "failure" not in written
    assert written["answer"]["wasted"] == {}


@pytest.mark.parametrize(
    "line",
    [
        b'{"version":1,"run_id":"r","content_',
        b'{"version":1,"run_id":"r"}',
        b'{"version":1,"run_id":"r","content_hash":"c","request_id":"q","xasted":{"cost":9}}',
        b'{"run_id":"r","content_hash":"c","request_id":"q"}',
        b"[]",
        b"\x00\xff",
        b"\x00" * 512,
    ],
)
def test_a_damaged_line_costs_no_other(line: bytes) -> None:
    entries = [Entry("run", "c", f"q{n}", wasted=Spent(cost=1)) for n in range(2)]
    lines = encode(entries[:1]) + line + b"\n" + encode(entries[1:])
    assert decode(lines, name="j") == Decoded(entries, 1)


@given(st.lists(ENTRIES, min_size=1, max_size=4), st.data())
def test_an_object_that_was_cut_off_keeps_its_whole_lines(
    entries: list[Entry], data: st.DataObject
) -> None:
    lines = encode(entries)
    end = data.draw(st.integers(0, len(lines)))
    whole = lines[:end].count(b"\n") + (lines[end : end + 1] == b"\n")
    found = decode(lines[:end], name=object_name("j", len(entries)))
    assert found == Decoded(entries[:whole], len(entries) - whole)
    assert found.mended() == encode(entries[:whole]) + b"{}\n" * (len(entries) - whole)


@given(
    st.lists(ENTRIES, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0), st.integers(1, 255)), max_size=6),
)
def test_no_line_is_forgotten_however_often_an_object_is_damaged(
    entries: list[Entry], flips: list[tuple[int, int]]
) -> None:
    name, data = object_name("j", len(entries)), bytearray(encode(entries))
    for place, change in flips:
        data[place % len(data)] ^= change
        try:
            found = decode(bytes(data), name=name)
        except JournalError:  # the flip made a line of a newer version
            return
        data = bytearray(found.mended())
        again = decode(bytes(data), name=name)
        assert (again.damaged, again.lost) == (0, found.damaged + found.lost)
        assert len(again.entries) + again.lost >= len(entries)


@pytest.mark.parametrize(("name", "lines"), [("j.jsonl", 1), (object_name("j", 7), 7)])
def test_an_object_that_was_emptied_is_damaged(name: str, lines: int) -> None:
    assert decode(b"", name=name) == Decoded([], lines)


def test_a_newer_version_is_refused() -> None:
    line = b'{"version":2,"run_id":"r"}\n'
    message = r"^out/journal/0/x\.jsonl: journal format 2 is newer than this program knows"
    with pytest.raises(JournalError, match=message):
        decode(encode([Entry("run", "c", "q")]) + line, name="out/journal/0/x.jsonl")


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
    assert recalled.outcomes == {"r1": replace(paid, spent=Spent(), wasted=Spent(), reused=True)}
    assert recalled.wasted == {}


def test_this_runs_answer_keeps_its_cost(answer: Callable[..., Answer]) -> None:
    recalled = recall([entry(OURS, answer())], run_id=OURS)
    assert recalled.outcomes == {"r1": answer()}


def test_what_would_fail_again_is_not_paid_again(failure: Callable[..., Failure]) -> None:
    refused = recall([entry(EARLIER, failure())], run_id=OURS).outcomes["r1"]
    assert (refused.spent, refused.wasted) == (Spent(), Spent())
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
    assert recall(entries, run_id=OURS).pages_of("sha256:0") == pages
    assert recall(entries[1:], run_id=OURS).pages_of("sha256:0") == []
    assert recall(entries, run_id=OURS).pages_of("sha256:1") == []


@given(ANSWERS | FAILURES)
def test_what_is_free_costs_nothing_and_says_the_same(outcome: Outcome) -> None:
    unpaid = free(outcome)
    assert (unpaid.spent, unpaid.wasted) == (Spent(), Spent())
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
    assert b"detail" not in encode([Entry("run-1", "sha256:a", "a", plain)])
    assert b"route_reason" not in encode([Entry("run-1", "sha256:a", "a", plain)])
    measured = answer(request_id="b", page=replace(page, detail=0.25))
    for order in ([plain, measured], [measured, plain]):
        entries = [Entry("run-1", "sha256:a", one.request_id, one) for one in order]
        assert recall(entries, run_id="run-2").pages_of("sha256:a") == [measured.page]
