"""What programs and people are told at the end follows from what came of the images."""

from __future__ import annotations

import pytest

from tierwise.accounts.ending import EarlyEnd, Status, early_end, how_to_go_on, status_of
from tierwise.records import Reason

GONE = EarlyEnd(Reason.REJECTED, "404: gone", 1)


@pytest.mark.parametrize(
    ("answers", "failures", "early", "spent", "status"),
    [
        (5, {}, None, 5, Status.DONE),
        (0, {}, None, 0, Status.DONE),
        (0, {"unreadable": 3}, None, 0, Status.DONE),
        (0, {"rejected": 3}, None, 0, Status.DONE),
        (5, {"timeout": 1, "unavailable": 1}, None, 5, Status.DONE),
        (5, {"over_budget": 1}, None, 5, Status.ROWS_LEFT),
        (0, {"over_budget": 9}, None, 0, Status.ROWS_LEFT),
        (0, {"quota_exhausted": 9}, None, 0, Status.ROWS_LEFT),
        (5, {"rejected": 1}, GONE, 0, Status.ROWS_LEFT),
        (0, {"rejected": 1}, GONE, 0, Status.NOT_BEGUN),
        (0, {"unauthorized": 9, "unreadable": 1}, None, 0, Status.NOT_BEGUN),
        (0, {"unavailable": 9}, None, 0, Status.NOT_BEGUN),
        (0, {"timeout": 9}, None, 9, Status.ROWS_LEFT),
    ],
)
def test_status(
    answers: int, failures: dict[str, int], early: EarlyEnd | None, spent: int, status: Status
) -> None:
    assert status_of(answers=answers, failures=failures, early=early, spent=spent) is status


def test_the_cause_that_left_most_rows_is_named() -> None:
    rows = [
        ("rejected", "400: this image alone", 3),
        ("unauthorized", "403: no", 2),
        ("rejected", "404: gone", 4),
        ("unreadable", "no picture", 50),
    ]
    left = {"unauthorized": 2, "rejected": 4}
    assert early_end(left, rows) == EarlyEnd(Reason.REJECTED, "404: gone", 6)
    assert early_end({}, rows) is None


@pytest.mark.parametrize("reason", Reason)
def test_there_is_always_a_way_to_go_on(reason: Reason) -> None:
    assert how_to_go_on(EarlyEnd(reason, "why", 1)).endswith("it asks only what is left.")


@pytest.mark.parametrize(
    ("reason", "message", "cure"),
    [
        (
            Reason.QUOTA_EXHAUSTED,
            "429 RESOURCE_EXHAUSTED: Your prepayment credits are depleted.",
            "Add credit to the account.",
        ),
        (
            Reason.QUOTA_EXHAUSTED,
            "429 (Google asks to come back after 2026-11-30 04:00 UTC)",
            "Wait until then, or raise the quota.",
        ),
        (
            Reason.QUOTA_EXHAUSTED,
            "429 RESOURCE_EXHAUSTED: Your project exceeded its monthly spending cap.",
            "Raise the spend limit, or stay below it with --usd_per_minute.",
        ),
        (
            Reason.REJECTED,
            "400 INVALID_ARGUMENT: no such field",
            "Google refuses the question itself: change the task that it names, or the model.",
        ),
    ],
)
def test_the_way_to_go_on_follows_from_the_words(reason: Reason, message: str, cure: str) -> None:
    assert how_to_go_on(EarlyEnd(reason, message, 1)).startswith(cure)
