"""Which failures deserve another try, when, and which end the run.

| what came back                          | ruling    | reason          | why                   |
|-----------------------------------------|-----------|-----------------|-----------------------|
| no connection                           | again     | unavailable     | nothing was sent      |
| 408, 504                                | again     | timeout         | only a 200 is billed  |
| 429 per minute                          | again     | quota_exhausted | the quota refills     |
| 500, 502, 503, other 5xx                | again     | unavailable     | only a 200 is billed  |
| time-out after sending                  | once more | timeout         | it may be billed      |
| connection lost after sending, 499      | once more | unavailable     | it may be billed      |
| a 200 that is not JSON                  | once more | unavailable     | it may be billed      |
| 400, 413, other 4xx                     | split     | rejected        | one image is to blame |
| 400 with an invalid key or precondition | end       | unauthorized    | so will all others be |
| 401, 403                                | end       | unauthorized    | so will all others be |
| 402, 429 per day, 429 spend limit       | end       | quota_exhausted | it lasts too long     |
| 404                                     | end       | rejected        | the model is gone     |
| no such object, by reference (404)      | split     | rejected        | one image is to blame |

Sources: ai.google.dev/gemini-api/docs/troubleshooting and the FAQ on billing, read 2026-11-20;
cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors (403 and 404 of objects),
read 2026-11-27.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tierwise.gemini.call_error import CallError
from tierwise.records import Reason, ServiceTier

MAX_TRIES = 5
# Requests of one image whose fate is unknown, each of which may have been billed.
MAX_UNANSWERED = 2
# How flex says that it has no room just now; it never falls back to another tier by itself
# (ai.google.dev/gemini-api/docs/flex-inference).
NO_ROOM = frozenset({429, 503})
_FLEX_TRIES = 2
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0


class Ruling(StrEnum):
    """What to do after a request that brought no usable 200."""

    AGAIN = "again"
    ONCE_MORE = "once more"
    SPLIT = "split"
    END = "end"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A ruling, and the reason of the failure row should it come to one.

    `wait_s` is what Google asked for; None leaves the wait to `backoff_s`.
    """

    ruling: Ruling
    reason: Reason
    wait_s: float | None = None


_BY_STATUS = {
    401: Verdict(Ruling.END, Reason.UNAUTHORIZED),
    402: Verdict(Ruling.END, Reason.QUOTA_EXHAUSTED),
    403: Verdict(Ruling.END, Reason.UNAUTHORIZED),
    404: Verdict(Ruling.END, Reason.REJECTED),
    408: Verdict(Ruling.AGAIN, Reason.TIMEOUT),
    429: Verdict(Ruling.AGAIN, Reason.QUOTA_EXHAUSTED),
    499: Verdict(Ruling.ONCE_MORE, Reason.UNAVAILABLE),
    500: Verdict(Ruling.AGAIN, Reason.UNAVAILABLE),
    502: Verdict(Ruling.AGAIN, Reason.UNAVAILABLE),
    503: Verdict(Ruling.AGAIN, Reason.UNAVAILABLE),
    504: Verdict(Ruling.AGAIN, Reason.TIMEOUT),
}
_KEY_PROBLEMS = {"API_KEY_INVALID", "API_KEY_EXPIRED", "CONSUMER_INVALID", "BILLING_DISABLED"}
_FINAL_QUOTA = re.compile(r"PerDay|PerMonth|Spend", re.IGNORECASE)
_SPEND_LIMIT = re.compile(r"spend(ing)?[ -](limit|cap)", re.IGNORECASE)


def judge(error: CallError, *, by_reference: bool = False) -> Verdict:
    """The table of this module, applied to one failure.

    `by_reference` says that the request named objects in a bucket, which may be missing.
    """
    if error.status == 404 and by_reference and "model" not in str(error).lower():
        return Verdict(Ruling.SPLIT, Reason.REJECTED)
    if error.status in (0, 200):
        return _judge_silence(error)
    if error.status == 400 and _is_account_problem(error):
        return Verdict(Ruling.END, Reason.UNAUTHORIZED)
    if error.status == 429 and _is_final_quota(error):
        return Verdict(Ruling.END, Reason.QUOTA_EXHAUSTED)
    verdict = _BY_STATUS.get(error.status)
    if verdict is None:
        server = error.status >= 500
        ruling, reason = (
            (Ruling.AGAIN, Reason.UNAVAILABLE) if server else (Ruling.SPLIT, Reason.REJECTED)
        )
        return Verdict(ruling, reason)
    return Verdict(verdict.ruling, verdict.reason, _asked_wait_s(error))


def backoff_s(failed_tries: int, chance: float) -> float:
    """Full jitter: a random share of 1 s, 2 s, 4 s ... up to 60 s.

    Args:
        failed_tries: tries that failed so far, from 1.
        chance: uniform in [0, 1).
    """
    return chance * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (failed_tries - 1))


def tier_of_try(asked: ServiceTier, refusals: int, fallback: ServiceTier | None) -> ServiceTier:
    """The tier of the next try, after so many for which there was no room.

    >>> tier_of_try(ServiceTier.FLEX, 2, ServiceTier.STANDARD)
    <ServiceTier.STANDARD: 'standard'>
    """
    shed = asked is ServiceTier.FLEX and refusals >= _FLEX_TRIES
    return fallback if fallback and shed else asked


def _judge_silence(error: CallError) -> Verdict:
    if not error.sent:
        return Verdict(Ruling.AGAIN, Reason.UNAVAILABLE)
    reason = Reason.TIMEOUT if error.timed_out else Reason.UNAVAILABLE
    return Verdict(Ruling.ONCE_MORE, reason)


def _is_account_problem(error: CallError) -> bool:
    if error.google_status == "FAILED_PRECONDITION":
        return True
    return any(str(detail.get("reason")) in _KEY_PROBLEMS for detail in error.details)


def _is_final_quota(error: CallError) -> bool:
    return bool(_SPEND_LIMIT.search(str(error))) or any(map(_FINAL_QUOTA.search, error.quotas))


def _asked_wait_s(error: CallError) -> float | None:
    for detail in error.details:
        delay = str(detail.get("retryDelay", ""))
        if re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
    after = str(error.headers.get("retry-after", ""))
    return float(after) if re.fullmatch(r"\d+(\.\d+)?", after) else None
