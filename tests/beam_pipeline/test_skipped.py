"""What is no picture of the archive is neither asked nor paid, and is told the same everywhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks: {kind: {prompt: Is it dark or bright, labels: [dark, bright]}}
"""


@pytest.fixture
def archive(
    photos: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, draw: Callable[..., bytes]
) -> Path:
    """Five pictures, and one photograph as a Synology share, a Mac and Lightroom leave it."""
    folder = photos(5)
    beside = ("@eaDir/000.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/private.jpg", "._000.jpg")
    for number, name in enumerate((*beside, "L.lrdata/1.jpg", "Thumbs.db", "000.xmp")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(draw(100 + number))
    (folder / "tasks.yaml").write_text(TASKS)
    monkeypatch.chdir(folder)
    return folder


KINDS = {"previews": 2, "system_files": 2, "recycle_bins": 1, "sidecars": 1, "not_pictures": 1}


def run(capsys: pytest.CaptureFixture[str], gemini: Any, *words: str) -> tuple[dict[str, Any], int]:
    gemini.reset()
    assert main([*words, f"--gemini_endpoint={gemini.url}", "--json"]) == 0
    asked = sum(len(request["images"]) for request in gemini.requests())
    return json.loads(capsys.readouterr().out), asked


def test_outputs_inside_the_input_are_asked_by_nobody(
    archive: Path, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []
    for number in range(3):
        found, asked = run(
            capsys, gemini, "run", "--input=.", f"--output=out{number}", "--tasks=tasks.yaml"
        )
        seen.append((found["files"], found["images"], asked))
        kinds = dict(found["skipped_files"])
        assert bool(kinds.pop("outputs", 0)) == bool(number)
        assert kinds["previews"] == 2
        if not number:
            assert kinds == KINDS
            shutil.move(archive / "out0", archive / "renamed")
    assert seen == [(5, 5, 5)] * 3
    assert (archive / "out2" / "thumbnails").is_dir()
    assert main(["optimize", "--input=.", "--output=small"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "files of tierwise outputs" in told
    assert "2 previews of photo programs (./@eaDir/000.jpg/SYNOPHOTO_THUMB_XL.jpg)" in told
    # The small pictures lie there under the names of the large ones.
    assert len(list((archive / "small").glob("*.jpg"))) == 5
    found, asked = run(capsys, gemini, "run", "--input=.", "--output=out9", "--tasks=tasks.yaml")
    assert (found["files"], asked) == (5, 5)


def test_the_forecast_the_run_and_the_page_tell_the_same(
    archive: Path, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--input=.", "--tasks=tasks.yaml", "--exclude=004.jpg,*.gif"]
    assert main(["plan", *words, "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    found, asked = run(capsys, gemini, "run", *words, "--output=../beside")
    for key in ("skipped_files", "skipped_examples", "unmatched_patterns"):
        assert planned[key] == found[key]
    assert found["skipped_files"] == {**KINDS, "excluded": 1}
    assert found["unmatched_patterns"] == ["--exclude=*.gif"]
    assert (found["files"], asked) == (4, 4)
    assert main(["show", "--output=../beside"]) == 0
    page = (archive / "../beside/report.html").read_text("utf-8")
    for told in (" ".join(capsys.readouterr().out.split()), " ".join(page.split())):
        assert "Skipped: 2 previews of photo programs" in told
        assert "1 file in a recycle bin (./#recycle/private.jpg)" in told
        assert "Warning: --exclude=*.gif matches no name of the input." in told
