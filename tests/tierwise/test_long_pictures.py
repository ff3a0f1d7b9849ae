import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tierwise.errors import TasksError
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.long_pictures import MOST_PARTS, long_split, parts_of, split_tokens
from tierwise.records import ImageSettings
from tierwise.tasks import load_tasks

LOW, HIGH = 280, 1120


@pytest.mark.parametrize(
    ("size", "tokens", "parts"),
    [
        ((600, 4000), HIGH, 1),  # shown whole
        ((600, 4000), LOW, 4),
        ((4000, 600), LOW, 4),
        ((12_000, 2_000), HIGH, 7),
        ((4000, 3000), LOW, 1),  # not long
        ((300, 100), LOW, 1),
        ((100, 100_000), LOW, MOST_PARTS),
    ],
)
def test_only_long_pictures_are_cut(size: tuple[int, int], tokens: int, parts: int) -> None:
    assert len(parts_of(*size, tokens)) == parts


@given(
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    tokens=st.sampled_from([280, 560, 1120, 2240]),
)
def test_parts_cover_the_picture_and_overlap(width: int, height: int, tokens: int) -> None:
    parts = parts_of(width, height, tokens)
    assert parts[0][:2] == (0, 0)
    assert parts[-1][2:] == (width, height)
    for before, after in pairwise(parts):
        along = 0 if width > height else 1
        assert before[along] < after[along] <= before[along + 2]
    for left, top, right, bottom in parts:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_each_part_is_an_image_of_its_own(tmp_path: Path) -> None:
    rows = np.arange(4000) // 500 * 30
    receipt = np.repeat(np.repeat(rows[:, None, None], 600, 1), 3, 2).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(receipt).save(buffer, "PNG")
    data, choice = buffer.getvalue(), long_split(LOW)
    assert inspect(data, name="a", limits=Limits(), frames=choice).pages == 4
    assert inspect(data, name="a", limits=Limits()).pages == 1
    settings = ImageSettings(912, tokens=LOW, frames=choice)
    means = []
    for page in (1, 2, 3, 4):
        picture = optimize(data, name="a", page=page, settings=settings, limits=Limits())
        assert picture.original_width == 600
        assert picture.width >= 590
        means.append(np.asarray(Image.open(io.BytesIO(picture.data)).convert("L")).mean())
    assert means == sorted(means)
    assert means[0] < 40
    assert means[-1] > 170


def _tasks(image: str, more: str = "") -> str:
    return (
        "model: gemini-3.1-flash-lite\ntasks:\n"
        f"  a: {{prompt: x, labels: [a, b], image: {{{image}}}}}\n{more}"
    )


def test_a_task_says_that_long_pictures_are_cut() -> None:
    more = "  b: {prompt: x, labels: [a, b], media_resolution: high, image: {split: long}}\n"
    tasks = load_tasks(_tasks("split: long", more), path="t.yaml")
    choices = {split_tokens(task.route.image.frames) for task in tasks.tasks}
    assert choices == {HIGH}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_tasks("split: wide"), "Write long"),
        (_tasks("split: long, frames: 3"), "Remove `frames:`"),
        (_tasks("split: long", "  b: {prompt: x, labels: [a, b]}\n"), "Write the same for all"),
    ],
)
def test_what_cannot_be_cut_is_refused(text: str, problem: str) -> None:
    with pytest.raises(TasksError, match=problem):
        load_tasks(text, path="t.yaml")


def test_a_long_picture_is_asked_part_by_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tierwise.beam_pipeline.__main__ import main

    folder = tmp_path / "receipts"
    folder.mkdir()
    Image.new("RGB", (600, 4000), "white").save(folder / "long.png")
    Image.new("RGB", (640, 480), "white").save(folder / "short.png")
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(_tasks("split: long"))
    flags = [f"--input={folder}", f"--tasks={tasks}"]
    assert main(["plan", *flags, "--json"]) == 0
    assert '"requests": 5' in capsys.readouterr().out
    assert main(["run", *flags, f"--output={tmp_path / 'out'}"]) == 0
    assert "5 of 5" in capsys.readouterr().out
