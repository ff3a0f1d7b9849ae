"""Followers are freed where their leader's failure is final, and there alone."""

from __future__ import annotations

import pytest

from tierwise.records import (
    Answered,
    Failure,
    ImageFile,
    MediaResolution,
    Page,
    Reason,
    ServiceTier,
)
from tierwise.transforms.crowd import member_key, part_of
from tierwise.transforms.free_followers import freed, refused


def answered(reason: Reason, *, may_pass: bool = False) -> Answered:
    model, low = "gemini-3.1-flash-lite", MediaResolution.LOW
    what = ("id", "a", Page(), reason, "said so", model, low, ServiceTier.STANDARD)
    return Answered("key", "a.jpg", (Failure(*what, may_pass=may_pass),), part_of("x"))


@pytest.mark.parametrize(
    ("reason", "final"),
    [
        (Reason.BLOCKED_PROMPT, True),
        (Reason.INVALID_ANSWER, True),
        (Reason.OVER_BUDGET, False),
        (Reason.UNAVAILABLE, False),
    ],
)
def test_what_a_later_run_asks_again_frees_nobody(reason: Reason, final: bool) -> None:
    assert list(refused(answered(reason))) == ([(member_key("key", "x"), True)] if final else [])
    assert not list(refused(answered(reason, may_pass=True)))


def test_all_names_that_follow_a_refused_picture_are_freed() -> None:
    names = [ImageFile(name, name, 1, "sha256:a", leader="sha256:b") for name in "xy"]
    met = [(False, name) for name in names]
    assert [f.leader for f in freed(b"key", [*met, (True, True)])] == ["", ""]
    assert list(freed(b"key", met)) == names
