"""Which pictures a run keeps thumbnails of: a bounded number, the same ones everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from tierwise.answering.thumbnails import in_doubt, thumbnails_of
from tierwise.questions import as_written
from tierwise.records import (
    Answer,
    Failure,
    ImageFile,
    MediaResolution,
    Outcome,
    Page,
    Reason,
    Sent,
    ServiceTier,
    Spent,
)
from tierwise.storage.thumbnail_files import ThumbnailFiles
from tierwise.tasks import load_tasks
from tierwise.tasks.auditing import Audit

TASKS = as_written(
    load_tasks(
        """
model: gemini-3.1-flash-lite
tasks:
  kind: {prompt: "Which?", labels: [cat, dog]}
  more: {prompt: "What?", labels: [x, y], when: kind == "cat"}
""",
        path="tasks.yaml",
    )
)
AUDIT = replace(TASKS.task("kind"), name="kind@audit", audit=Audit("kind", 1.0, "high"))
AUDITED = replace(TASKS, tasks=(*TASKS.tasks, AUDIT))
FILES = ThumbnailFiles("thumbnails")


def file(number: int = 0, **columns: Any) -> ImageFile:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return ImageFile(f"{number}.jpg", f"{number}.jpg", 1000, f"sha256:{digest}", columns)


def answer(task: str = "kind", value: str = "dog", **more: Any) -> Answer:
    known: dict[str, Any] = {
        **dict.fromkeys(("request_id", "model", "model_version", "asked_at"), ""),
        "page": Page(),
        "media_resolution": MediaResolution.LOW,
        "service_tier": ServiceTier.STANDARD,
        "sent": Sent(),
        "spent": Spent(),
        "wasted": Spent(),
        **dict.fromkeys(("images_in_request", "attempts"), 1),
        **dict.fromkeys(("baseline", "latency_ms"), 0),
    }
    return Answer(task=task, value=value, **{**known, **more})


FAILED = Failure(
    *("", "kind", Page(), Reason.BLOCKED_ANSWER, "", ""), MediaResolution.LOW, ServiceTier.STANDARD
)


@pytest.mark.parametrize(
    ("outcomes", "doubted"),
    [
        ([answer()], False),
        ([FAILED], True),
        ([answer(attempts=2)], True),
        ([answer(value="cat"), answer("more", "x")], True),
        ([answer(), answer("kind@audit", "cat")], True),
        ([answer(), answer("kind@audit", "dog")], False),
        ([], False),
    ],
)
def test_what_is_in_doubt(outcomes: list[Outcome], doubted: bool) -> None:
    assert in_doubt(file(), outcomes, AUDITED, {}) == doubted


@pytest.mark.parametrize(
    ("old", "doubted"), [("dog", False), ("cat", True), (None, False), ("", False)]
)
def test_what_was_called_otherwise_is_in_doubt(old: str | None, doubted: bool) -> None:
    assert in_doubt(file(old_label=old), [answer()], TASKS, {"kind": "old_label"}) == doubted


def test_a_small_archive_keeps_all() -> None:
    kept = thumbnails_of(FILES, 2000, {})
    assert all(kept.keeps(file(number), [answer()], TASKS) for number in range(300))


def test_a_large_archive_keeps_some_two_thousand_and_more_of_those_in_doubt() -> None:
    kept = thumbnails_of(FILES, 20_000, {})
    usual = [n for n in range(20_000) if kept.keeps(file(n), [answer()], TASKS)]
    doubted = [n for n in range(20_000) if kept.keeps(file(n), [FAILED], TASKS)]
    assert 1_800 < len(usual) < 2_200
    assert 7_600 < len(doubted) < 8_400
    assert set(usual) < set(doubted)
