"""Any two names of files are shown as two, and each tells its bytes."""

from __future__ import annotations

import os

from hypothesis import example, given
from hypothesis import strategies as st

from tierwise.storage.shown_names import path_of, shown_name

# Backslashes, the letters of escapes and bytes that are not UTF-8 meet often among these.
PARTS = [b"\\", b"x", b"5", b"c", b"f", b"e9", rb"\xff", rb"\x5c", b"\xff", b"\xc3\xa9"]
NAMES = st.binary(max_size=30) | st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join)


@given(NAMES)
@example(b"bad\xff\xfename.jpg")
@example(rb"bad\xff\xfename.jpg")
@example(rb"bad\x5cxff.jpg")
@example(b"\\\xff")
def test_the_bytes_can_be_told_from_what_is_shown(name: bytes) -> None:
    assert os.fsencode(path_of(shown_name(os.fsdecode(name)))) == name


@given(NAMES, NAMES)
@example(b"bad\xff\xfename.jpg", rb"bad\xff\xfename.jpg")
def test_two_names_are_shown_as_two(one: bytes, other: bytes) -> None:
    assert (shown_name(os.fsdecode(one)) == shown_name(os.fsdecode(other))) == (one == other)


@given(st.text(st.characters(exclude_categories=["Cs"]).filter(lambda sign: sign != "\\")))
@example(r"photos\2009\xmas.jpg")
@example(r"gs://archive/bad\xff.jpg")
def test_a_name_that_none_could_be_taken_for_is_shown_as_it_is(name: str) -> None:
    assert shown_name(name) == path_of(name) == name
