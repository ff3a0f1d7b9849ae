"""Outputs that earlier versions left go on: nothing that they paid for is asked again.

Each folder below `tests/outputs` was written by the version that it is named after, with the
embedded emulator, from the pictures of `examples/archive` named below and a file of seven bytes.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tierwise.beam_pipeline.__main__ import main

ROOT = Path(__file__).parents[2]
OUTPUTS = ROOT / "tests" / "outputs"
PICTURES = (
    *("web/hopper.jpg", "web/number line.gif", "web/ring.webp", "web/upload failed.jpg"),
    *("web/white roses.avif", "pets/Rex.jpeg"),
)
VERSIONS = sorted(folder.name for folder in OUTPUTS.iterdir())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for picture in PICTURES:
        shutil.copy(ROOT / "examples" / "archive" / picture, folder)
    (folder / "broken.jpg").write_bytes(b"broken\n")
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_output_is_taken_up_without_a_request(
    version: str, archive: Path, tmp_path: Path, gemini: Any
) -> None:
    output = tmp_path / "output"
    shutil.copytree(OUTPUTS / version / "output", output)
    before = Finished(0, output)
    values = {
        (Path(uri).name, page, task): value for (uri, page, task), value in before.values.items()
    }
    reasons, paid = before.reasons, before.run["totals"]["cost_usd"]
    assert values
    assert reasons
    words = [f"--input={archive}", f"--tasks={OUTPUTS / version / 'tasks.yaml'}"]
    assert main(["run", *words, f"--output={output}", f"--gemini_endpoint={gemini.url}"]) == 0
    after = Finished(0, output)
    assert gemini.requests() == []
    assert {
        (Path(uri).name, page, task): value for (uri, page, task), value in after.values.items()
    } == values
    assert after.reasons == reasons
    assert after.cost == 0
    assert after.run["all_runs"]["cost_usd"] == paid


@pytest.mark.parametrize("verb", ["report", "review --random=3", "export --to=csv,xmp"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_reads_an_old_output_says_how_to_renew_it(
    version: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "output"
    shutil.copytree(OUTPUTS / version / "output", output)
    assert main([*verb.split(), f"--output={output}"]) == 2
    said = capsys.readouterr().err
    assert "written by another version of tierwise" in said
    assert "Run tierwise run into it again: what was paid is not asked again." in said


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_calibration_is_applied(
    version: str, archive: Path, tmp_path: Path, gemini: Any
) -> None:
    calibration = OUTPUTS / version / "calibration.json"
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(
        "model: gemini-3.1-flash-lite\n"
        "tasks:\n"
        "  category:\n"
        "    prompt: Which category fits this picture best?\n"
        "    labels: [landscape, city, animal, people, abstract, document]\n"
        "    media_resolution: high\n"
        "    images_per_request: 4\n",
        "utf-8",
    )
    words = [f"--input={archive}", f"--tasks={tasks}", f"--output={tmp_path / 'output'}"]
    flags = [f"--calibration={calibration}", f"--gemini_endpoint={gemini.url}"]
    assert main(["run", *words, *flags]) == 0
    answers = Finished(0, tmp_path / "output").answers()
    assert {row["media_resolution"] for row in answers} == {"low"}
