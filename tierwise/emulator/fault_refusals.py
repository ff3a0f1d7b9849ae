"""The refusals that faults ask for."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from tierwise.emulator.fault_plan import Fate
from tierwise.emulator.refusals import Refusal, error_info, quota_failure, retry_info
from tierwise.emulator.request import GeminiRequest

_METRIC = "generate_content_requests"
_PLAIN = {
    "internal": (500, "An internal error has occurred. Please retry."),
    "unavailable": (503, "The model is overloaded. Please try again later."),
    "deadline": (504, "The request timed out. Please try again."),
    "forbidden": (403, "The caller does not have permission."),
    "bad_image": (400, "Unable to process input image. Please retry or report."),
}


def refusal_of(fate: Fate, asked: GeminiRequest) -> Refusal | None:
    """The refusal that a fault stands for, or None when it is of another kind."""
    if fate.fault is None:
        return None
    kind = fate.fault.kind
    if kind in _PLAIN:
        return Refusal(*_PLAIN[kind])
    build = _BUILT.get(kind)
    return build(fate, asked) if build else None


def _rate_limited(fate: Fate, asked: GeminiRequest) -> Refusal:
    settings = fate.fault.settings if fate.fault else {}
    return _throttled(asked, settings["retry_after_s"], header=settings["retry_after_header"])


def _over_quota(fate: Fate, asked: GeminiRequest) -> Refusal:
    return _throttled(asked, ceil(fate.wait_s), header=True)


def _daily_quota(_: Fate, asked: GeminiRequest) -> Refusal:
    quota = "GenerateRequestsPerDayPerProjectPerModel"
    return _exhausted(asked, "You exceeded your current quota for today.", quota)


def _spend_limit(_: Fate, asked: GeminiRequest) -> Refusal:
    # The form of this reply is not published; the quota's name is the emulator's own.
    quota = "SpendPerTenMinutesPerProject"
    return _exhausted(asked, "Your project has exceeded its spending limit.", quota)


def _unauthorized(_: Fate, asked: GeminiRequest) -> Refusal:
    service = "aiplatform" if asked.call.vertex else "generativelanguage"
    details = [error_info("ACCESS_TOKEN_EXPIRED", service=f"{service}.googleapis.com")]
    return Refusal(401, "Request had invalid authentication credentials.", details=details)


def _model_gone(_: Fate, asked: GeminiRequest) -> Refusal:
    return Refusal(404, f"models/{asked.model.name} is no longer available. Use a newer model.")


def _throttled(asked: GeminiRequest, seconds: float, *, header: bool) -> Refusal:
    details: list[dict[str, Any]] = [retry_info(seconds)]
    if not asked.call.vertex:
        # Vertex shares its capacity among all callers and names no quota.
        quota = "GenerateRequestsPerMinutePerProjectPerModel"
        details.insert(0, quota_failure(quota, _METRIC, asked.model.name, "300"))
    headers = {"Retry-After": str(ceil(seconds))} if header else None
    message = f"Resource has been exhausted (e.g. check quota). Please retry in {seconds:g}s."
    return Refusal(429, message, details=details, headers=headers)


def _exhausted(asked: GeminiRequest, message: str, quota: str) -> Refusal:
    return Refusal(429, message, details=[quota_failure(quota, _METRIC, asked.model.name, "1000")])


_BUILT: dict[str, Callable[[Fate, GeminiRequest], Refusal]] = {
    "rate_limited": _rate_limited,
    "quota": _over_quota,
    "daily_quota": _daily_quota,
    "spend_limit": _spend_limit,
    "unauthorized": _unauthorized,
    "model_gone": _model_gone,
}
