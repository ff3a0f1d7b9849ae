"""Which images belong together, which of them are sent, and what stands for them in the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answering.groups import (
    Group,
    choose_files,
    choose_images,
    digest_of,
    group_name,
    outcome_of_rest,
    value_in_prompt,
)
from tierwise.records import Answer, Failure, ImageFile, Page, Reason, Sent, Spent
from tierwise.tasks.grouping import Beyond, Grouping


def file(uri: str, content: int | str, **columns: Any) -> ImageFile:
    return ImageFile(uri, uri, 1, f"sha256:{content}" if content != "" else "", columns)


files = st.lists(
    st.builds(
        file,
        st.text("abc/", min_size=1, max_size=4),
        st.integers(0, 9),
    ),
    max_size=30,
    unique_by=lambda one: one.uri,
)
groupings = st.builds(Grouping, st.just("folder"), st.integers(1, 4), st.sampled_from(Beyond))


@pytest.mark.parametrize(
    ("uri", "columns", "by", "name"),
    [
        ("shop/17/a.jpg", {}, "folder", "shop/17"),
        ("gs://bucket/17/a.jpg", {}, "folder", "gs://bucket/17"),
        ("a.jpg", {}, "folder", ""),
        ("a.jpg", {"folder": "x"}, "folder", ""),
        ("a.jpg", {"sku": "B 7"}, "sku", "B 7"),
        ("a.jpg", {"sku": 7}, "sku", "7"),
        ("a.jpg", {"sku": 0}, "sku", "0"),
        ("a.jpg", {"sku": False}, "sku", "false"),
        ("a.jpg", {"sku": ""}, "sku", None),
        ("a.jpg", {"sku": None}, "sku", None),
        ("a.jpg", {}, "sku", None),
    ],
)
def test_an_image_belongs_to_the_group_of_its_folder_or_cell(
    uri: str, columns: dict[str, Any], by: str, name: str | None
) -> None:
    assert group_name(uri, columns, by) == name


def test_a_prompt_says_a_folders_own_name_and_a_cell_as_it_is() -> None:
    assert value_in_prompt("gs://bucket/shoes/17", "folder") == "17"
    assert value_in_prompt("shoes/17", "sku") == "shoes/17"


@given(files, groupings, st.randoms(use_true_random=False))
def test_files_are_chosen_alike_in_whatever_order_they_come(
    some: list[ImageFile], grouping: Grouping, random: Any
) -> None:
    chosen = choose_files(some, grouping)
    random.shuffle(some)
    assert choose_files(iter(some), grouping) == chosen
    assert list(chosen) == sorted(chosen, key=lambda one: one.uri)
    contents = {one.content_hash for one in some}
    most = grouping.most + (grouping.beyond is Beyond.FAIL)
    assert len({one.content_hash for one in chosen}) == len(chosen) == min(most, len(contents))
    for one in chosen:  # the first name of each content stands for it
        assert one.uri == min(o.uri for o in some if o.content_hash == one.content_hash)


@given(files, st.integers(1, 4))
def test_the_first_are_the_first_by_name(some: list[ImageFile], most: int) -> None:
    firsts: dict[str, str] = {}
    for one in sorted(some, key=lambda one: one.uri):
        firsts.setdefault(one.content_hash, one.uri)
    chosen = choose_files(some, Grouping("folder", most, Beyond.FIRST))
    assert [one.uri for one in chosen] == list(firsts.values())[:most]


@given(files, st.integers(1, 4))
def test_a_sample_does_not_depend_on_names(some: list[ImageFile], most: int) -> None:
    sample = Grouping("folder", most, Beyond.SAMPLE)
    renamed = [replace(one, uri=f"other/{number}") for number, one in enumerate(reversed(some))]
    contents = {one.content_hash for one in choose_files(some, sample)}
    assert {one.content_hash for one in choose_files(renamed, sample)} == contents


def test_a_sample_takes_from_all_over_the_group() -> None:
    keys = [(f"sha256:{number}", 1) for number in range(1000)]
    places = choose_images(keys, 50, Beyond.SAMPLE)
    assert len(set(places)) == 50
    assert places == sorted(places)
    assert all(any(low <= place < low + 200 for place in places) for low in range(0, 1000, 200))


def test_what_cannot_be_read_is_not_chosen() -> None:
    some = [file("a", ""), file("b", 1), file("c", 1)]
    assert [one.uri for one in choose_files(some, Grouping("folder"))] == ["b"]


@given(files)
def test_the_digest_knows_contents_and_not_names(some: list[ImageFile]) -> None:
    renamed = [replace(one, uri=one.uri + "x") for one in reversed(some)]
    assert digest_of(some) == digest_of(renamed)
    more = file("new", 99)
    assert digest_of([*some, more]) != digest_of(some) != digest_of(some, [("sha256:1", 1)])
    assert Group("a", "x", tuple(some)).content_hash == Group("b", "y", tuple(renamed)).content_hash


def test_what_was_not_sent_shares_the_answer_for_nothing(
    answer: Callable[..., Answer],
) -> None:
    sent = [
        answer(spent=Spent(cost=7, requests=1), baseline=9, sent=Sent(4, 3, 2)),
        answer(spent=Spent(cost=6), baseline=8),
    ]
    rest = outcome_of_rest(sent)
    assert isinstance(rest, Answer)
    assert (rest.value, rest.reused, rest.baseline) == ("city", True, 0)
    assert (rest.spent, rest.wasted, rest.sent, rest.page) == (Spent(), Spent(), Sent(), Page())


def test_what_was_not_sent_fails_with_its_group(failure: Callable[..., Failure]) -> None:
    rest = outcome_of_rest([failure(spent=Spent(cost=7, requests=1), baseline=9)])
    assert isinstance(rest, Failure)
    assert (rest.reason, rest.spent, rest.page) == (Reason.BLOCKED_ANSWER, Spent(), Page())
    assert rest.baseline == 0
