"""Records as the transforms hand them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
import pytest

from tests import signatures
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.records import (
    Answer,
    Failure,
    ImageFile,
    MediaResolution,
    Page,
    Reason,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)

MODEL = "gemini-3.1-flash-lite"


@pytest.fixture(scope="session", autouse=True)
def _signatures() -> Iterator[None]:
    yield from signatures.remembered()


@pytest.fixture
def pipeline() -> Callable[[], beam.Pipeline]:
    """Pipelines on the pinned local runner, leave with `with`."""
    return lambda: beam.Pipeline(options=beam_options([]))


@pytest.fixture
def image_file() -> Callable[..., ImageFile]:
    def build(uri: str = "a.jpg", content: str = "aa", **changed: Any) -> ImageFile:
        values = {"uri": uri, "path": uri, "bytes": 7, "content_hash": f"sha256:{content}"}
        return ImageFile(**{**values, **changed})

    return build


@pytest.fixture
def answer() -> Callable[..., Answer]:
    def build(task: str = "a", page: int = 1, cost: int = 5, value: Any = "x") -> Answer:
        return Answer(
            request_id=f"{task}{page}",
            task=task,
            page=Page(page, 1, 64, 48, "jpeg"),
            value=value,
            model=MODEL,
            model_version=MODEL,
            media_resolution=MediaResolution.LOW,
            service_tier=ServiceTier.STANDARD,
            sent=Sent(64, 48, 7),
            images_in_request=1,
            spent=Spent(Usage(input_tokens=10, output_tokens=1), cost, 1),
            wasted=Spent(),
            baseline=9,
            attempts=1,
            latency_ms=3,
            asked_at="2026-11-20T10:00:00+00:00",
        )

    return build


@pytest.fixture
def failure() -> Callable[..., Failure]:
    def build(task: str = "a", reason: Reason = Reason.UNREADABLE, **changed: Any) -> Failure:
        return Failure(
            request_id=f"{task}0",
            task=task,
            page=Page(),
            reason=reason,
            message="it says why",
            model=MODEL,
            media_resolution=MediaResolution.LOW,
            service_tier=ServiceTier.STANDARD,
            **changed,
        )

    return build
