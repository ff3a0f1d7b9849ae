"""What is written is what is read, and each run recalls what is its own and what it may reuse."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import JournalError
from tierwise.journal.lines import VERSION, Decoded, Entry, object_name, read_lines, to_lines
from tierwise.records import (
    Answer,
    Failure,
    MediaResolution,
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
    assert read_lines(to_lines(entries), name="j") == Decoded(entries, 0)


def test_a_line_is_json_names_its_version_and_leaves_out_what_is_empty(
    answer: Callable[..., Answer],
) -> None:
    line = to_lines([Entry("run", "sha256:0", "r1", answer=answer())])
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
    lines = to_lines(entries[:1]) + line + b"\n" + to_lines(entries[1:])
    assert read_lines(lines, name="j") == Decoded(entries, 1)


@given(st.lists(ENTRIES, min_size=1, max_size=4), st.data())
def test_an_object_that_was_cut_off_keeps_its_whole_lines(
    entries: list[Entry], data: st.DataObject
) -> None:
    lines = to_lines(entries)
    end = data.draw(st.integers(0, len(lines)))
    whole = lines[:end].count(b"\n") + (lines[end : end + 1] == b"\n")
    found = read_lines(lines[:end], name=object_name("j", len(entries)))
    assert found == Decoded(entries[:whole], len(entries) - whole)
    assert found.mended() == to_lines(entries[:whole]) + b"{}\n" * (len(entries) - whole)


@given(
    st.lists(ENTRIES, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0), st.integers(1, 255)), max_size=6),
)
def test_no_line_is_forgotten_however_often_an_object_is_damaged(
    entries: list[Entry], flips: list[tuple[int, int]]
) -> None:
    name, data = object_name("j", len(entries)), bytearray(to_lines(entries))
    for place, change in flips:
        data[place % len(data)] ^= change
        found = read_lines(bytes(data), name=name)
        assert all(entry in entries for entry in found.entries)
        data = bytearray(found.mended())
        again = read_lines(bytes(data), name=name)
        assert (again.damaged, again.lost) == (0, found.damaged + found.lost)
        assert len(again.entries) + again.lost >= len(entries)


@pytest.mark.parametrize(("name", "lines"), [("j.jsonl", 1), (object_name("j", 7), 7)])
def test_an_object_that_was_emptied_is_damaged(name: str, lines: int) -> None:
    assert read_lines(b"", name=name) == Decoded([], lines)


@pytest.mark.parametrize(
    ("old", "new"), [(b"dark", b"lark"), (b'"cost":41', b'"cost":40'), (b":2,", b":3,")]
)
def test_a_line_that_somebody_edited_is_damaged(
    answer: Callable[..., Answer], old: bytes, new: bytes
) -> None:
    entry = Entry("run", "c", "q", answer=answer(value="dark", spent=Spent(cost=41)))
    line = to_lines([entry])
    assert old in line
    assert read_lines(line.replace(old, new), name="j") == Decoded([], 1)


def test_a_newer_version_is_refused() -> None:
    line = b'{"version":3,"run_id":"r"}\n'
    message = r"^out/journal/0/x\.jsonl: journal format 3 is newer than this program knows"
    with pytest.raises(JournalError, match=message):
        read_lines(to_lines([Entry("run", "c", "q")]) + line, name="out/journal/0/x.jsonl")
