"""What came instead of a reply: the status, Google's words, and whether the request was sent.

Google's error JSON is `{"error": {"status", "message", "details": [...]}}`. Nothing of it is taken
for granted: what has another form than Google's is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_LONGEST_MESSAGE = 2000
_NOTHING: Mapping[str, Any] = {}


class CallError(Exception):
    """A request that brought no usable 200.

    `status` is the HTTP code, 0 when there was none; `body` is the JSON that came with it; `sent`
    says whether the request may have reached Google, so that it may have been billed.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        body: Any = None,
        headers: Mapping[str, str] = _NOTHING,
        sent: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.headers = headers
        self.sent = sent
        self.timed_out = timed_out

    @property
    def google_status(self) -> str:
        """Google's word for the status, such as RESOURCE_EXHAUSTED; empty where there is none."""
        return _text(_error(self.body).get("status"))

    @property
    def details(self) -> Iterator[Mapping[str, Any]]:
        """The objects of `error.details`."""
        return _objects(_error(self.body).get("details"))

    @property
    def quotas(self) -> list[str]:
        """The names of the quotas that were exceeded, by `QuotaFailure`."""
        return [
            _text(violation.get("quotaId"))
            for detail in self.details
            for violation in _objects(detail.get("violations"))
        ]


def refusal(status: int, text: str, headers: Mapping[str, str]) -> CallError:
    """The error of a reply that was no 200."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    error = _error(body)
    words = [_text(error.get(key)) for key in ("status", "message")]
    if not any(words):
        words = [" ".join(text[:200].split())]
    said = ": ".join(word for word in words if word)[:_LONGEST_MESSAGE]
    return CallError(f"{status} {said}", status=status, body=body, headers=headers)


def _error(body: Any) -> Mapping[str, Any]:
    """What stands under `error`, of a list in its first item; some proxies leave the name out."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return _NOTHING
    inner = first.get("error", first)
    return inner if isinstance(inner, Mapping) else {"message": inner}


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    items = value if isinstance(value, list) else ()
    return (item for item in items if isinstance(item, Mapping))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
