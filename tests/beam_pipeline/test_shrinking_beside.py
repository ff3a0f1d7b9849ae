"""A run whose pictures are shrunk by processes of their own says what it says without them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Classify
from tierwise.beam_pipeline import lease_keeper

EXAMPLES = Path(__file__).parents[2] / "examples" / "archive"
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright]}
  plain: {when: 'shade == "dark"', prompt: "Plain?", labels: ["yes", "no"], media_resolution: high}
  all: {prompt: "What do they show?", labels: [dark, bright], per: folder}
"""
TIMES = {"shrink_ms", "latency_ms", "asked_at", "run_id"}


@pytest.mark.parametrize("flags", [(), ("--max_cost_usd=10",)], ids=["", "capped"])
def test_a_run_with_processes_is_one_without(
    flags: tuple[str, ...],
    classify: Classify,
    photos: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also of files that helpers decode, of several pages or none, and of damaged ones."""
    folder = photos(40)
    shutil.copytree(EXAMPLES, folder / "more")
    (folder / "broken.jpg").write_bytes((folder / "001.jpg").read_bytes()[:300])
    found: list[Any] = []
    for count in (2, 0):
        monkeypatch.setattr(lease_keeper, "shrinkers_for", lambda _, count=count, **__: count)
        run = classify(folder, *flags, tasks=TASKS, output=f"out{count}", status=None)
        assert not _left_over()
        found.append(sorted(map(_plain, [*run.answers(), *run.failures])))
        thumbnails = sorted((run.output / "thumbnails").iterdir())
        found.append([(path.name, path.read_bytes()) for path in thumbnails])
    assert found[:2] == found[2:]
    assert len(found[0]) > 100


def _left_over() -> list[str]:
    """Processes of ours that shrink pictures still."""
    found: list[str] = []
    for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        command = Path(f"/proc/{number}/cmdline").read_bytes()
        found += [number] if b"shrinker_process" in command else []
    return found


def _plain(row: dict[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in row.items() if name not in TIMES))
