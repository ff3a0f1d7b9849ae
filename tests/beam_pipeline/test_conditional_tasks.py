"""A second question is put only where the first answer calls for it, and in its own way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 4}
  closer:
    when: shade == "bright"
    prompt: What is bright in it?
    text: {max_length: 80}
    media_resolution: high
    routing: {fit_pixels: false}
  title:
    when: shade == "bright"
    input: text
    prompt: "Write a title for a {shade} picture: {closer}"
    text: {max_length: 80, slug: true}
"""


def test_the_second_look_is_taken_only_where_the_first_says_so(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    finished = classify(photos(16), tasks=TASKS)
    bright = {row["uri"] for row in finished.answers("shade") if row["answer"] == "bright"}
    assert 0 < len(bright) < 16
    assert {row["uri"] for row in finished.answers("closer")} == bright
    assert {row["uri"] for row in finished.answers("title")} == bright
    assert finished.run["tasks"]["closer"]["asked"] == len(bright)
    assert finished.run["images"] == 16
    assert finished.cost == gemini.billed()


def test_each_look_takes_its_own_route(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    finished = classify(photos(16), tasks=TASKS)
    bright = len(finished.answers("closer"))
    looks = Counter(level for line in gemini.requests() for level in line["media_resolution"])
    assert looks == {"low": 16, "high": bright}
    [wordless] = {len(line["images"]) for line in gemini.requests()} - {1, 2, 3, 4}
    assert wordless == 0
    assert sum(not line["images"] for line in gemini.requests()) == bright
    routes = {(row["task"], row["media_resolution"]) for row in finished.answers()}
    assert {("shade", "low"), ("closer", "high")} <= routes
    assert all(row["image_tokens"] == 0 for row in finished.answers("title"))


def test_where_the_first_look_fails_the_second_is_not_asked(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": "blocked_prompt"})
    finished = classify(photos(3), tasks=TASKS)
    assert set(finished.reasons) == {(f"{n:03}.jpg", "shade") for n in range(3)}
    assert finished.run["tasks"]["closer"]["asked"] == 0
    assert list((finished.output / "answers" / "task=closer").glob("*.parquet"))


def test_an_unreadable_file_fails_for_each_task_that_all_are_asked(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(1)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff and then nothing")
    (folder / "no picture").write_bytes(b"plain words")
    tasks = TASKS + '  plain: {prompt: "Is it plain?", labels: ["yes", "no"]}\n'
    finished = classify(folder, tasks=tasks)
    assert finished.reasons == {
        ("broken.jpg", "shade"): "unreadable",
        ("broken.jpg", "plain"): "unreadable",
        ("no picture", "shade"): "unsupported_format",
        ("no picture", "plain"): "unsupported_format",
    }
    hashes = {row["content_hash"] for row in finished.failures}
    digest = hashlib.sha256((folder / "broken.jpg").read_bytes()).hexdigest()
    assert f"sha256:{digest}" in hashes
    assert all(row["message"] and row["cost_usd"] == 0 for row in finished.failures)
