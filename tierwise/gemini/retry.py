"""Which failures deserve another try, when, and which concern more than one request.

| what came back                           | ruling    | reason          | why                     |
|------------------------------------------|-----------|-----------------|-------------------------|
| no connection, no token                  | again     | unavailable     | nothing was sent        |
| 408, 504                                 | again     | timeout         | only a 200 is billed    |
| 429 per minute, or per ten minutes       | again     | quota_exhausted | the quota refills       |
| 500, 502, 503, other 5xx                 | again     | unavailable     | only a 200 is billed    |
| time-out after sending                   | once more | timeout         | it may be billed        |
| connection lost after sending, 499       | once more | unavailable     | it may be billed        |
| a 200 that cannot be read                | once more | unavailable     | it may be billed        |
| 400 that names schema or enum            | form      | rejected        | the question's form     |
| 400, 413, other 4xx                      | split     | rejected        | one image is to blame   |
| 403, 404 of what is sent by reference    | split     | rejected        | one object is to blame  |
| 400 with an invalid key or precondition  | refused   | unauthorized    | so will all others be   |
| 401, 403                                 | refused   | unauthorized    | so will all others be   |
| 3xx                                      | refused   | rejected        | the address is wrong    |
| 404                                      | refused   | rejected        | the model is gone       |
| 402, 429 per day or month, credit gone   | refused   | quota_exhausted | it lasts too long       |
| 429, 503 with a wait of above 15 minutes | refused   | quota_exhausted | it lasts too long       |

`tierwise.gemini.standing` says when what is refused ends a run; one refusal alone never does.

Sources: ai.google.dev/gemini-api/docs/troubleshooting, /rate-limits and the FAQ on billing, read
2026-11-20; cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors (403 and 404 of
objects), read 2026-11-27.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tierwise.gemini.call_error import CallError
from tierwise.records import Reason, ServiceTier

MAX_TRIES = 5
# Of a request that is refused as if for all, while others of this process are answered.
MAX_REFUSED = 16
# Requests of one image whose fate is unknown, each of which may have been billed.
MAX_UNANSWERED = 2
_FLEX_TRIES = 2
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_LONGEST_REFUSED_S, _LONGEST_REFUSED_FIRST_S = 10.0, 1.0
# Google's limits of spending roll over ten minutes (ai.google.dev/gemini-api/docs/rate-limits).
_LONGEST_ASKED_S = 15 * 60.0
SPEND_WINDOW_S = 10 * 60.0
_SPEND_WAIT_S = 60.0


class Ruling(StrEnum):
    """What to do after a request that brought no usable 200."""

    AGAIN = "again"
    ONCE_MORE = "once more"
    SPLIT = "split"
    FORM = "form"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A ruling, and the reason of the failure row should it come to one.

    `wait_s` is what Google asked for; None leaves the wait to `backoff_s`. `certain` says that
    Google's words leave no doubt that all are refused, `no_room` that a tier has none just now.
    `window_s` is the time over which a limit rolls, where it is longer than a minute.
    """

    ruling: Ruling
    reason: Reason
    wait_s: float | None = None
    certain: bool = False
    no_room: bool = False
    window_s: float = 0.0


_BY_STATUS = {
    401: (Ruling.REFUSED, Reason.UNAUTHORIZED),
    402: (Ruling.REFUSED, Reason.QUOTA_EXHAUSTED),
    403: (Ruling.REFUSED, Reason.UNAUTHORIZED),
    404: (Ruling.REFUSED, Reason.REJECTED),
    408: (Ruling.AGAIN, Reason.TIMEOUT),
    429: (Ruling.AGAIN, Reason.QUOTA_EXHAUSTED),
    499: (Ruling.ONCE_MORE, Reason.UNAVAILABLE),
    504: (Ruling.AGAIN, Reason.TIMEOUT),
}
_BY_CLASS = {
    3: (Ruling.REFUSED, Reason.REJECTED),
    4: (Ruling.SPLIT, Reason.REJECTED),
    5: (Ruling.AGAIN, Reason.UNAVAILABLE),
}
_KEY_PROBLEMS = {"API_KEY_INVALID", "API_KEY_EXPIRED", "CONSUMER_INVALID", "BILLING_DISABLED"}
_FORM = re.compile(
    r"schema|\benums?\b|too many states|response_?(mime|format)|text/x\.enum", re.IGNORECASE
)
_FINAL_QUOTA = re.compile(r"Per(Day|Month)", re.IGNORECASE)
_NO_CREDIT = re.compile(
    r"credits? (balance )?(is|are|has been|have been)? ?(depleted|exhausted|used up)", re.I
)
_SPEND = re.compile(r"spend", re.IGNORECASE)
_BY_MONTH = re.compile(r"month|\bdaily\b|per day", re.IGNORECASE)


def judge(error: CallError, *, by_reference: bool = False) -> Verdict:
    """The table of this module, applied to one failure.

    `by_reference` says that the request named objects in a bucket, which may be missing or closed.
    """
    status, wait_s = error.status, asked_wait_s(error)
    special = _judge_words(error, by_reference=by_reference)
    if special:
        return special
    ruling, reason = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _BY_CLASS[5])
    if ruling is Ruling.AGAIN and wait_s is not None and wait_s > _LONGEST_ASKED_S:
        return Verdict(Ruling.REFUSED, Reason.QUOTA_EXHAUSTED, wait_s)
    # A quota that is named is one of ours, and says nothing of how much room a tier has.
    no_room = status == 503 or (status == 429 and not error.quotas)
    return Verdict(ruling, reason, wait_s, no_room=no_room)


def words_of(error: CallError, verdict: Verdict) -> str:
    """Google's words for people, with when to come back where it says so."""
    if verdict.ruling is not Ruling.REFUSED or verdict.wait_s is None:
        return str(error)
    back = datetime.now(UTC) + timedelta(seconds=verdict.wait_s)
    return f"{error} (Google asks to come back after {back:%Y-%m-%d %H:%M} UTC)"


def backoff_s(failed_tries: int, chance: float) -> float:
    """Full jitter: a random share of 1 s, 2 s, 4 s ... up to 60 s.

    Args:
        failed_tries: tries that failed so far, from 1.
        chance: uniform in [0, 1).
    """
    return chance * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (failed_tries - 1))


def refused_backoff_s(refused: int, chance: float, *, answered: bool) -> float:
    """The same for a request that was refused as if for all, while others were answered or none."""
    longest_s = _LONGEST_REFUSED_S if answered else _LONGEST_REFUSED_FIRST_S
    return min(longest_s, backoff_s(refused, chance))


def tier_of_try(asked: ServiceTier, refusals: int, fallback: ServiceTier | None) -> ServiceTier:
    """The tier of the next try, after so many for which there was no room.

    >>> tier_of_try(ServiceTier.FLEX, 2, ServiceTier.STANDARD)
    <ServiceTier.STANDARD: 'standard'>
    """
    shed = asked is ServiceTier.FLEX and refusals >= _FLEX_TRIES
    return fallback if fallback and shed else asked


def asked_wait_s(error: CallError) -> float | None:
    """How long Google asks to wait, None where it does not say."""
    for detail in error.details:
        delay = str(detail.get("retryDelay", ""))
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay, re.ASCII):
            return float(delay[:-1])
    after = error.headers.get("retry-after", "")
    return float(after) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", after, re.ASCII) else None


def _judge_words(error: CallError, *, by_reference: bool) -> Verdict | None:
    """What the status alone does not say."""
    if error.status in (0, 200):
        return _judge_silence(error)
    if error.status in (403, 404) and by_reference:
        return Verdict(Ruling.SPLIT, Reason.REJECTED)
    if error.status == 400 and _is_account_problem(error):
        return Verdict(Ruling.REFUSED, Reason.UNAUTHORIZED)
    if error.status == 400 and _FORM.search(str(error)):
        return Verdict(Ruling.FORM, Reason.REJECTED)
    return _judge_quota(error) if error.status == 429 else None


def _judge_silence(error: CallError) -> Verdict:
    if not error.sent:
        return Verdict(Ruling.AGAIN, Reason.UNAVAILABLE)
    reason = Reason.TIMEOUT if error.timed_out else Reason.UNAVAILABLE
    return Verdict(Ruling.ONCE_MORE, reason)


def _judge_quota(error: CallError) -> Verdict | None:
    """A 429 that names more than a quota per minute."""
    words, wait_s = str(error), asked_wait_s(error)
    named = " ".join(error.quotas)
    if _NO_CREDIT.search(words) or _FINAL_QUOTA.search(named):
        return Verdict(Ruling.REFUSED, Reason.QUOTA_EXHAUSTED, certain=True)
    if not _SPEND.search(f"{words} {named}"):
        return None
    if _BY_MONTH.search(words) or (wait_s or 0) > _LONGEST_ASKED_S:
        return Verdict(Ruling.REFUSED, Reason.QUOTA_EXHAUSTED, wait_s, certain=True)
    wait_s = _SPEND_WAIT_S if wait_s is None else wait_s
    return Verdict(Ruling.AGAIN, Reason.QUOTA_EXHAUSTED, wait_s, window_s=SPEND_WINDOW_S)


def _is_account_problem(error: CallError) -> bool:
    if error.google_status == "FAILED_PRECONDITION":
        return True
    return any(str(detail.get("reason")) in _KEY_PROBLEMS for detail in error.details)
