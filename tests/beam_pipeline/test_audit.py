"""A run that asks a share of its images again at the reference route."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  written: {prompt: "Is there text in it?", labels: ["yes", "no"]}
"""
IMAGES = 24


def test_the_audit_finds_what_the_cheap_route_misses(
    classify: Callable[..., Any],
    page: Callable[..., bytes],
    gemini: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for number in range(IMAGES):  # every third has text, which is missed at low
        data = page(number, bright=True, written=number % 3 == 0)
        (folder / f"{number:02}.jpg").write_bytes(data)
    (folder / "twin.jpg").write_bytes(page(0, bright=True, written=True))

    done = classify(folder, "--audit_rate=0.6", tasks=TASKS)
    audit = done.run["audit"]["written"]
    assert audit["reference"] == "high"
    assert 0 < audit["images"] < IMAGES
    assert audit["low"] <= 1 / 3 <= audit["high"]
    assert done.cost == gemini.billed()
    assert done.run["forecast"]["requests"] == pytest.approx(
        done.run["totals"]["requests"], rel=0.3
    )

    # The rows of the audit are a task of their own, asked of those images alone.
    rows = done.answers("written@audit")
    assert len({row["content_hash"] for row in rows}) == audit["images"]
    cheap = {row["uri"]: row["answer"] for row in done.answers("written")}
    differing = {row["content_hash"] for row in rows if row["answer"] != cheap[row["uri"]]}
    assert audit["differing"] == len(differing)
    assert {row["media_resolution"] for row in rows} == {"high"}
    printed = capsys.readouterr().out
    assert f"audit of {audit['images']} images: {audit['differing']} differ" in printed

    # The same images are audited again, and paid once.
    asked = len(gemini.requests())
    again = classify(folder, "--audit_rate=0.6", tasks=TASKS)
    assert again.run["audit"] == done.run["audit"]
    assert len(gemini.requests()) == asked

    # A cap does not count images that are not audited.
    capped = classify(folder, "--audit_rate=0.6", "--max_cost_usd=1", tasks=TASKS, output="capped")
    assert capped.run["audit"] == done.run["audit"]

    # Without an audit nothing of it is left.
    plain = classify(folder, tasks=TASKS)
    assert "audit" not in plain.run
    assert not (plain.output / "evaluation").exists()
    assert not plain.answers("written@audit")


def test_a_share_above_one_is_refused(
    classify: Callable[..., Any], photos: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    classify(photos(1), "--audit_rate=5", status=2)
    assert "--audit_rate=5.0: must be at least 0 and at most 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rate", "resolution", "told"),
    [
        ("0.000001", "low", "written: the audit has nothing to compare: its share of the files"),
        ("0.5", "high", "Not audited: written, because nothing dearer can be asked than is"),
    ],
)
def test_an_audit_that_compares_nothing_says_so(
    rate: str,
    resolution: str,
    told: str,
    classify: Callable[..., Any],
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    route = f"media_resolution: {resolution}, routing: {{fit_pixels: false}}"
    tasks = TASKS.replace("labels:", f"{route}, labels:")
    classify(photos(3), f"--audit_rate={rate}", tasks=tasks)
    assert told in " ".join(capsys.readouterr().out.split())


def test_pages_of_a_file_are_told_as_what_they_are(
    classify: Callable[..., Any],
    page: Callable[..., bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Four files of three pages, of which the first has text that is missed at low."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(4):
        pages = [
            Image.open(io.BytesIO(page(10 * number + n, bright=True, written=n == 0)))
            for n in range(3)
        ]
        pages[0].save(folder / f"{number}.tiff", save_all=True, append_images=pages[1:])
    audit = classify(folder, "--audit_rate=1", tasks=TASKS).run["audit"]["written"]
    assert (audit["images"], audit["files"], audit["differing"]) == (12, 4, 4)
    assert audit["share"] == pytest.approx(1 / 3)
    assert audit["low"] < 1 / 3 < audit["high"]
    printed = " ".join(capsys.readouterr().out.split())
    assert "audit of 12 images of 4 files: 4 differ" in printed
    assert "on average 33.3% of a file's pages" in printed
