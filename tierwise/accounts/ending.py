"""How a run ended: its status for programs and people, from what came of its images.

| what came of them                                            | status     | exit |
|--------------------------------------------------------------|------------|------|
| all asked and answered, or failed for reasons of their own   | done       | 0    |
| a bucket or disk gave no picture, and nothing was spent      | refused    | 2    |
| a bucket or disk did not give some, or could not list all    | rows_left  | 3    |
| the service failed, answered none, and nothing was spent     | not_begun  | 2    |
| the service failed and answered none, or the run ended early | rows_left  | 3    |
| rows are over budget or over quota                           | rows_left  | 3    |

Of a run whose batch jobs are under way nothing is told yet: it is `under_way`, exit status 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tierwise.records import STORE_REASONS, Reason

_LEFT = STORE_REASONS | {Reason.OVER_BUDGET, Reason.QUOTA_EXHAUSTED}
_OF_ONE_PICTURE = {Reason.UNREADABLE, Reason.UNSUPPORTED_FORMAT, Reason.TOO_LARGE}
# What is no fault of an image.
_OF_THE_SERVICE = {Reason.UNAUTHORIZED, Reason.UNAVAILABLE, Reason.TIMEOUT}

# Files that could not be read, and are known from the last run's tables: a key of `left_out`.
REMEMBERED = "remembered_files"


class Status(StrEnum):
    """`status` in `run.json`."""

    RUNNING = "running"
    BROKE_OFF = "broke_off"
    REFUSED = "refused"
    DONE = "done"
    NOT_BEGUN = "not_begun"
    ROWS_LEFT = "rows_left"
    UNDER_WAY = "under_way"


EXIT_STATUS = {
    Status.BROKE_OFF: 1,
    Status.REFUSED: 2,
    Status.DONE: 0,
    Status.NOT_BEGUN: 2,
    Status.ROWS_LEFT: 3,
    Status.UNDER_WAY: 4,
}


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Why no further request was started; `rows` were left by it."""

    reason: Reason
    message: str
    rows: int


def early_end(left: Mapping[str, int], failures: Iterable[tuple[str, str, int]]) -> EarlyEnd | None:
    """Why a run ended early, or None when it did not.

    Args:
        left: how many rows were left by which reason; processes may end for several.
        failures: reason, message and number of all rows that failed.
    """
    if not left:
        return None
    reason = max(left, key=lambda name: (left[name], name))
    messages: dict[str, int] = {}
    for name, message, count in failures:
        if name == reason:
            messages[message] = messages.get(message, 0) + count
    message = max(messages, key=lambda text: (messages[text], text))
    return EarlyEnd(Reason(reason), message, sum(left.values()))


def status_of(
    *,
    answers: int,
    failures: Mapping[str, int],
    early: EarlyEnd | None,
    spent: int,
    remembered: int = 0,
    unlisted: int = 0,
) -> Status:
    """The status of a run that came to its end.

    Args:
        answers: rows that were answered, now or earlier.
        failures: rows by reason.
        early: why it asked no more before all was asked.
        spent: nano-dollars, those included that were perhaps billed.
        remembered: files that could not be read, and whose answers are those of an earlier run.
        unlisted: folders that could not be listed.
    """
    left = bool(_LEFT & failures.keys() or remembered or unlisted)
    of_the_service = bool(failures.keys() & _OF_THE_SERVICE) or early is not None
    if of_the_service and not answers:
        return Status.ROWS_LEFT if spent or left else Status.NOT_BEGUN
    return Status.ROWS_LEFT if left or early else Status.DONE


def is_store_away(*, answers: int, failures: Mapping[str, int], spent: int) -> bool:
    """Whether a bucket or disk gave nothing to ask about, so that nothing is known or was spent."""
    asked = failures.keys() - STORE_REASONS - _OF_ONE_PICTURE
    return bool(STORE_REASONS & failures.keys()) and not (answers or spent or asked)


def how_to_go_on(early: EarlyEnd) -> str:
    """What a person does about an early end."""
    message = early.message.lower()
    match early.reason:
        case Reason.QUOTA_EXHAUSTED if "credit" in message or message.startswith("402"):
            cure = "Add credit to the account"
        case Reason.QUOTA_EXHAUSTED if "asks to come back after" in message:
            cure = "Wait until then, or raise the quota"
        case Reason.QUOTA_EXHAUSTED if "spend" in message:
            cure = "Raise the spend limit, or stay below it with --usd_per_minute"
        case Reason.QUOTA_EXHAUSTED:
            cure = "Daily quotas refill at midnight Pacific time; wait until then, or raise yours"
        case Reason.UNAUTHORIZED:
            cure = "Give a key or an account that may ask this model"
        case Reason.REJECTED if message.startswith("400"):
            cure = "Google refuses the question itself: change the task that it names, or the model"
        case Reason.REJECTED:
            cure = "Name a model that is served, in the tasks file"
        case Reason.STORE_REFUSED:
            cure = "Give the account that reads what the line says"
        case Reason.STORE_UNAVAILABLE:
            cure = "See that the bucket or disk can be read again"
        case _:
            cure = "Wait until the service answers again, and see whether the address is right"
    return f"{cure}. Then run the same command again: it asks only what is left."
