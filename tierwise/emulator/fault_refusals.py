"""The refusals that faults ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from tierwise.emulator.fault_plan import Fate
from tierwise.emulator.fault_words import DETAILS
from tierwise.emulator.refusals import Refusal, error_info, quota_failure, retry_info
from tierwise.emulator.request import GeminiRequest

_METRIC = "generate_content_requests"
_PLAIN = {
    "internal": (500, "An internal error has occurred. Please retry."),
    "unavailable": (503, "The model is overloaded. Please try again later."),
    "deadline": (504, "The request timed out. Please try again."),
    "forbidden": (403, "The caller does not have permission."),
    "one403": (403, "The caller does not have permission."),
    "prepaid_depleted": (
        429,
        "Your prepayment credits are depleted. Please go to AI Studio to manage your project "
        "and billing.",
    ),
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
    settings = _settings(fate)
    header = settings.get("retry_after_header", False)
    return _throttled(asked, settings["retry_after_s"], header=header)


def _over_quota(fate: Fate, asked: GeminiRequest) -> Refusal:
    return _throttled(asked, ceil(fate.wait_s), header=True)


def _daily_quota(_: Fate, asked: GeminiRequest) -> Refusal:
    quota = "GenerateRequestsPerDayPerProjectPerModel"
    return _exhausted(asked, "You exceeded your current quota for today.", quota)


def _spend_limit(fate: Fate, asked: GeminiRequest) -> Refusal:
    # The form of this reply is not published; the quota's name is the emulator's own.
    quota = "SpendPerTenMinutesPerProject"
    seconds = _settings(fate)["retry_after_s"]
    details = [quota_failure(quota, _METRIC, asked.model.name, "10")]
    details += [retry_info(seconds)] if seconds else []
    return Refusal(429, "Your project has exceeded its spending limit.", details=details)


def _refuse_all(fate: Fate, _: GeminiRequest) -> Refusal:
    settings = _settings(fate)
    return Refusal(settings["status"], settings["message"])


def _schema_refused(fate: Fate, _: GeminiRequest) -> Refusal:
    return Refusal(400, _settings(fate)["message"])


def _null_details(fate: Fate, _: GeminiRequest) -> Refusal:
    settings = _settings(fate)
    spoilt = DETAILS[settings["details"]]
    return Refusal(settings["status"], "The model is overloaded.", raw_details=spoilt)


def _redirect(fate: Fate, _: GeminiRequest) -> Refusal:
    settings = _settings(fate)
    headers = {"Location": settings["location"]}
    return Refusal(settings["status"], "Moved.", headers=headers)


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


def _settings(fate: Fate) -> Mapping[str, Any]:
    return fate.fault.settings if fate.fault else {}


def _exhausted(asked: GeminiRequest, message: str, quota: str) -> Refusal:
    return Refusal(429, message, details=[quota_failure(quota, _METRIC, asked.model.name, "1000")])


_BUILT: dict[str, Callable[[Fate, GeminiRequest], Refusal]] = {
    "rate_limited": _rate_limited,
    "retry_info_long": _rate_limited,
    "quota": _over_quota,
    "daily_quota": _daily_quota,
    "spend_limit": _spend_limit,
    "unauthorized": _unauthorized,
    "model_gone": _model_gone,
    "refuse_all": _refuse_all,
    "enum_limit": _schema_refused,
    "schema_limit": _schema_refused,
    "null_details": _null_details,
    "redirect": _redirect,
}
