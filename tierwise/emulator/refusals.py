"""Refusals in the error format of Google's APIs: HTTP status, canonical name, message, details.

The canonical names and detail types are those of `google.rpc.Code` and `google.rpc.error_details`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."


class Refusal(Exception):  # noqa: N818 - the service's word for a reply that is not an answer
    """A reply other than 200; `raw_details` are what no service should send, for a fault."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        raw_details: Any = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        self._raw_details = raw_details

    def body(self) -> dict[str, Any]:
        """The JSON document of the reply."""
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        error["status"] = _NAMES.get(self.status, "UNKNOWN")
        if self._raw_details != ():
            error["details"] = self._raw_details
        elif self.details:
            error["details"] = [dict(detail) for detail in self.details]
        return {"error": error}


def bad_fields(violations: Sequence[tuple[str, str]]) -> Refusal:
    """400 for a body that fits no message; `violations` are (field path, what is wrong)."""
    found = [{"field": path, "description": text} for path, text in violations]
    return Refusal(
        400,
        "\n".join(text for _, text in violations),
        details=[{"@type": f"{_TYPE}BadRequest", "fieldViolations": found}],
    )


def error_info(reason: str, **metadata: str) -> dict[str, Any]:
    """The detail that carries a machine-readable reason."""
    return {
        "@type": f"{_TYPE}ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": metadata,
    }


def retry_info(seconds: float) -> dict[str, Any]:
    """The detail that says how long to wait."""
    return {"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{seconds:g}s"}


def quota_failure(quota_id: str, metric: str, model: str, limit: str) -> dict[str, Any]:
    """The detail that names the quota that is used up: per day, or per minute."""
    violation = {
        "quotaMetric": f"generativelanguage.googleapis.com/{metric}",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": limit,
    }
    return {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]}
