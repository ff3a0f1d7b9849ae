"""Short commands do not wait for what they have no use for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.test_architecture import ROOT

ASKING = {"aiohttp", "google.genai", "tierwise.gemini.client"}


def imported(words: Sequence[str], modules: set[str]) -> str:
    """Which of these modules a command has imported when it is done."""
    program = (
        "import sys\n"
        "from tierwise.beam_pipeline.__main__ import main\n"
        f"assert main({list(words)!r}) == 0\n"
        f"sys.exit(', '.join({modules!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr.strip().rpartition("\n")[2]


def test_a_run_that_finds_all_answers_gets_nothing_ready_to_ask(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(3)
    out = classify(folder).output
    words = [f"--input={folder}", f"--tasks={tmp_path / 'tasks.yaml'}", f"--output={out}"]
    words.append(f"--gemini_endpoint={gemini.url}")
    assert imported(["run", *words], ASKING) == ""
    photos(4)
    assert imported(["run", *words], ASKING) != ""


def test_shrinking_has_no_use_for_questions(photos: Callable[..., Path], tmp_path: Path) -> None:
    words = [f"--input={photos(3)}", f"--output={tmp_path / 'smaller'}"]
    asking = {*ASKING, "tierwise.scheduling.engine", "tierwise.tasks", "tierwise.gemini.asker"}
    assert imported(["optimize", *words], asking) == ""
