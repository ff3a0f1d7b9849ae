"""Vertex AI and the Developer API differ in what they serve: refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

VERTEX, DEVELOPER = ["--gemini=vertex", "--gemini_project=p"], ["--gemini=developer"]


@pytest.mark.parametrize("verb", ["run", "plan"])
@pytest.mark.parametrize(
    ("model", "flags", "words"),
    [
        (
            "gemini-4-hydrogen",
            [*VERTEX, "--service_tier=flex"],
            "gemini-4-hydrogen has no service tier flex on Vertex AI; it has: standard",
        ),
        (
            "gemini-4-argon",
            [*VERTEX, "--service_tier=flex"],
            "gemini-4-argon has no service tier flex on Vertex AI",
        ),
        ("gemini-2.5-flash-lite", VERTEX, "was shut down on Vertex AI on 2026-10-20"),
        ("gemini-3.6-flash", VERTEX, "was shut down on Vertex AI on 2026-11-19"),
    ],
)
def test_what_a_service_lacks_is_refused(
    verb: str,
    model: str,
    flags: list[str],
    words: str,
    photos: Callable[..., Path],
    tmp_path: Path,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = tmp_path / "tasks.yaml"
    shade = 'shade: {prompt: "How light is it?", labels: [dark, bright]}'
    tasks.write_text(f"model: {model}\ntasks:\n  {shade}\n", "utf-8")
    where = [f"--input={photos(1)}", f"--output={tmp_path}/out", f"--gemini_endpoint={gemini.url}"]
    assert main([verb, *where, f"--tasks={tasks}", *flags]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert gemini.requests() == []


@pytest.mark.parametrize("model", ["gemini-4-hydrogen", "gemini-4-neon"])
def test_the_newest_models_are_asked_at_the_developer_apis_flex(
    model: str,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-no-account")
    shade = 'shade: {prompt: "How light is it?", labels: [dark, bright]}'
    tasks = f"model: {model}\ntasks:\n  {shade}\n"
    finished = classify(photos(2), *DEVELOPER, "--service_tier=flex", tasks=tasks)
    assert finished.cost == gemini.billed() > 0
    assert {row["service_tier"] for row in finished.answers()} == {"flex"}
