"""However Beam cuts the work, the tables are the same and each request is paid once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODES = {
    "threads": ["--direct_running_mode=multi_threading", "--direct_num_workers=2"],
    "processes": ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
    "repeated": ["--direct_runner_bundle_repeat=1"],
}


@pytest.mark.parametrize("mode", MODES)
def test_a_running_mode_changes_nothing(
    mode: str, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(24)
    (folder / "twin.jpg").write_bytes((folder / "003.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    plain = classify(folder, output="plain")
    assert plain.cost == gemini.billed() > 0
    gemini.reset()
    finished = classify(folder, *MODES[mode], output=mode)
    assert finished.values == plain.values
    assert finished.asked == plain.asked
    assert finished.reasons == plain.reasons
    assert finished.cost == gemini.billed()
    images = [digest for line in gemini.requests() for digest in line["images"]]
    assert len(images) == 2 * 24
