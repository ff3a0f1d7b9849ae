"""When a bucket or disk that does not answer is waited for, and when it is given up."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import ImageError, StoreError
from tierwise.records import Reason
from tierwise.storage import patience
from tierwise.storage.patience import Attempt, Standing, judge_stores_anew, read_patiently

PATIENCE_S = 300.0
REFUSED, AWAY = OSError(errno.EACCES, "no"), OSError(errno.ENOTCONN, "away")
GONE = OSError(errno.ENOENT, "gone")


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    judge_stores_anew()
    yield
    judge_stores_anew()


def refuse(standing: Standing, times: int, error: OSError = REFUSED) -> None:
    for second in range(times):
        attempt = Attempt(second, standing.replies, PATIENCE_S)
        assert not standing.failed(error, attempt, second)


def test_fifty_refusals_in_a_row_end_a_store_that_was_never_read() -> None:
    standing = Standing()
    refuse(standing, 49)
    assert standing.ended is None
    refuse(standing, 1)
    assert standing.ended is REFUSED


def test_one_that_was_read_is_ended_after_five_hundred() -> None:
    standing = Standing()
    standing.replied(read=True)
    refuse(standing, 499)
    assert standing.ended is None
    refuse(standing, 1)
    assert standing.ended is REFUSED
    assert not standing.may_try(59)
    assert standing.may_try(60)  # one a minute
    assert not standing.may_try(61)
    standing.replied(read=True)
    assert standing.ended is None
    assert standing.may_try(62)


def test_a_success_between_makes_the_count_begin_anew() -> None:
    standing = Standing()
    refuse(standing, 49)
    standing.replied(read=True)
    refuse(standing, 499)
    assert standing.ended is None


def test_files_that_are_gone_say_nothing_of_their_store() -> None:
    standing = Standing()
    refuse(standing, 5000, GONE)
    assert standing.ended is None


@pytest.mark.parametrize(("was_read", "lasts_s"), [(True, 300), (False, 60)])
def test_a_store_that_is_away_is_waited_for(was_read: bool, lasts_s: int) -> None:
    standing = Standing()
    if was_read:
        standing.replied(read=True)
    attempt = Attempt(10, standing.replies, PATIENCE_S)
    assert standing.failed(AWAY, attempt, 10)
    assert standing.failed(AWAY, attempt, 10 + lasts_s - 1)
    assert standing.ended is None
    assert not standing.failed(AWAY, attempt, 10 + lasts_s)
    assert standing.ended is AWAY


def test_a_file_that_alone_fails_is_given_up_after_half_a_minute() -> None:
    standing = Standing()
    attempt = Attempt(0, standing.replies, PATIENCE_S)
    standing.replied(read=True)
    assert standing.failed(AWAY, attempt, 29)
    assert not standing.failed(AWAY, attempt, 30)
    assert standing.ended is None


@given(st.lists(st.booleans(), max_size=40))
def test_nothing_ends_a_store_that_is_read_now_and_then(given_: list[bool]) -> None:
    standing = Standing()
    for second, read in enumerate(given_):
        if read:
            standing.replied(read=True)
        else:
            refuse(standing, 1)
            assert standing.failed(AWAY, Attempt(second, standing.replies, 60), second)
    assert standing.ended is None


def test_a_read_is_tried_again_until_it_goes_well(tmp_path: Path) -> None:
    left = [AWAY, AWAY]

    def read() -> str:
        if left:
            raise left.pop()
        return "read"

    assert read_patiently(read, str(tmp_path / "a.jpg"), "a.jpg", 5.0) == "read"


def test_nobody_is_asked_once_a_store_has_ended(tmp_path: Path) -> None:
    tries = []

    def read() -> None:
        tries.append(1)
        raise AWAY

    path = str(tmp_path / "a.jpg")
    with pytest.raises(StoreError, match=r"^a\.jpg: away") as first:
        read_patiently(read, path, "a.jpg", 0.05)
    assert (first.value.passes, first.value.ended) == (True, False)
    before = len(tries)
    with pytest.raises(StoreError, match=r"is not asked any more: away") as second:
        read_patiently(read, path, "a.jpg", 0.05)
    assert second.value.ended
    assert len(tries) == before


def test_what_cannot_be_a_name_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 300):
        path = f"{tmp_path}/{name}"
        with pytest.raises(ImageError) as raised:
            read_patiently(lambda path=path: os.stat(path), path, name, 1.0)  # type: ignore[misc] # noqa: PTH116
        assert raised.value.reason is Reason.UNREADABLE


def test_a_store_that_has_ended_is_tried_once_a_minute_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_PROBE_S", 0.3)
    path, calls = str(tmp_path / "a.jpg"), list[int]()

    def read() -> str:
        calls.append(1)
        if len(calls) <= 51:
            raise REFUSED
        return "read"

    for _ in range(50):
        with pytest.raises(StoreError):
            read_patiently(read, path, "a.jpg", 1.0)
    for _ in range(20):  # not asked any more
        with pytest.raises(StoreError, match="is not asked any more"):
            read_patiently(read, path, "a.jpg", 1.0)
    assert len(calls) == 50
    time.sleep(0.35)
    with pytest.raises(StoreError):
        read_patiently(read, path, "a.jpg", 1.0)
    assert len(calls) == 51
    time.sleep(0.35)
    assert read_patiently(read, path, "a.jpg", 1.0) == "read"
    assert read_patiently(read, path, "a.jpg", 1.0) == "read"
