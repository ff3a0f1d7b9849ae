"""Outcomes with every field given, for tests that change one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tierwise.records import (
    Answer,
    Failure,
    MediaResolution,
    Page,
    Reason,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)

_ANSWER = Answer(
    request_id="r1",
    task="category",
    page=Page(1, 1, 640, 480, "jpeg"),
    value="city",
    model="gemini-3.1-flash-lite",
    model_version="m-001",
    media_resolution=MediaResolution.LOW,
    service_tier=ServiceTier.STANDARD,
    sent=Sent(320, 240, 9000),
    images_in_request=2,
    spent=Spent(Usage(300, 266, 0, 3, 1), 81_500, 1),
    wasted=Spent(),
    baseline=300_000,
    attempts=1,
    latency_ms=700,
    asked_at="2026-11-20T12:00:00.123456+00:00",
)
_FAILURE = Failure(
    request_id="r1",
    task="category",
    page=Page(1, 1, 640, 480, "jpeg"),
    reason=Reason.BLOCKED_ANSWER,
    message="Gemini stopped: SAFETY",
    model="gemini-3.1-flash-lite",
    media_resolution=MediaResolution.LOW,
    service_tier=ServiceTier.STANDARD,
    spent=Spent(Usage(300, 266, 0, 3, 1), 81_500, 1),
    attempts=1,
)


@pytest.fixture(scope="session")
def answer() -> Callable[..., Answer]:
    def build(**changed: Any) -> Answer:
        return replace(_ANSWER, **changed)

    return build


@pytest.fixture(scope="session")
def failure() -> Callable[..., Failure]:
    def build(**changed: Any) -> Failure:
        return replace(_FAILURE, **changed)

    return build
