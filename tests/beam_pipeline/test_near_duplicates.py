"""Pictures that look alike share an answer when asked to, and the share is audited."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
  plain: {prompt: "Is the picture plain?", labels: ["yes", "no"]}
"""
SCENES = 4


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """Four scenes, each as it is, smaller, and badly compressed; and a blank sheet twice."""
    folder = tmp_path / "copies"
    folder.mkdir()
    for scene in range(SCENES):
        chance = random.Random(scene)
        image = Image.new("RGB", (320, 240))
        for x in range(0, 320, 40):
            for y in range(0, 240, 40):
                image.paste((chance.randrange(256),) * 3, (x, y, x + 40, y + 40))
        image.save(folder / f"{scene}-a.png")
        image.resize((240, 180)).save(folder / f"{scene}-b.jpg", quality=90)
        image.save(folder / f"{scene}-c.jpg", quality=40)
    Image.new("RGB", (320, 240), "white").save(folder / "white.png")
    Image.new("RGB", (320, 240), "black").save(folder / "black.png")
    return folder


def asked(gemini: Any) -> int:
    return sum(len(line["images"]) * line["questions"] for line in gemini.requests())


def test_copies_share_an_answer(copies: Path, classify: Callable[..., Any], gemini: Any) -> None:
    run = classify(copies, "--near_duplicates=6", "--near_duplicates_audit=0", tasks=TASKS)
    assert asked(gemini) == 2 * (SCENES + 2)
    assert len(run.answers("shade")) == 3 * SCENES + 2
    assert run.run["near_duplicates"] == 2 * SCENES
    assert "near_duplicates_audit" not in run.run
    assert run.cost == gemini.billed()
    by_content = {row["content_hash"]: row for row in run.answers("shade")}
    followers = [row for row in by_content.values() if row["shared_with"]]
    assert len(followers) == 2 * SCENES
    for row in followers:
        leader = by_content[row["shared_with"]]
        assert Path(leader["uri"]).name[0] == Path(row["uri"]).name[0]
        assert (leader["shared_with"], leader["answer"]) == (None, row["answer"])
        assert (row["reused"], row["cost_usd"], row["width"]) == (True, 0, None)


def test_only_identical_files_share_without_the_flag(
    copies: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    run = classify(copies, tasks=TASKS)
    assert asked(gemini) == 2 * (3 * SCENES + 2)
    assert {row["shared_with"] for row in run.answers()} == {None}
    assert "near_duplicates" not in run.run


def test_the_audit_asks_followers_and_tells_how_often_they_differ(
    copies: Path,
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = classify(copies, tasks=TASKS, output="alone")
    values = {(Path(uri).name, task): value for (uri, _, task), value in alone.values.items()}
    run = classify(copies, "--near_duplicates=6", "--near_duplicates_audit=1", tasks=TASKS)
    assert asked(gemini) == 2 * 2 * (3 * SCENES + 2)
    told = run.run
    assert told["near_duplicates"] == 0
    shared = classify(copies, "--near_duplicates=6", "--near_duplicates_audit=0", tasks=TASKS)
    names = {row["content_hash"]: Path(row["uri"]).name for row in shared.answers("shade")}
    differing: Counter[str] = Counter()
    for row in shared.answers():
        if row["shared_with"]:
            own, leader = (row["content_hash"], row["shared_with"])
            differs = values[names[own], row["task"]] != values[names[leader], row["task"]]
            differing[row["task"]] += differs
    out = capsys.readouterr().out
    for task in ("shade", "plain"):
        audit = told["near_duplicates_audit"][task]
        assert (audit["pairs"], audit["differing"]) == (2 * SCENES, differing[task])
        assert audit["leaders"] == SCENES
        assert audit["low_95"] <= differing[task] / (2 * SCENES) <= audit["high_95"]
    assert "on average over those whose answers they would have got, interval at 95 %" in out


@pytest.mark.parametrize("capped", [False, True])
def test_followers_of_a_refused_picture_are_asked_themselves(
    capped: bool, copies: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    """Under a cap nothing is asked that no purse was filled for: they are refused with it."""
    for path in copies.iterdir():
        if not path.name.startswith("0-"):
            path.unlink()
    tasks = TASKS.replace("  shade:", "  # shade:")
    gemini.faults({"kind": "blocked_prompt", "count": 1})
    more = ["--max_cost_usd=1"] if capped else []
    words = ["--near_duplicates=6", "--near_duplicates_audit=0", *more]
    run = classify(copies, *words, tasks=tasks, status=None)
    assert (len(run.answers()), len(run.failures)) == ((0, 3) if capped else (2, 1))
    assert run.run["near_duplicates"] == (2 if capped else 0)
    assert asked(gemini) == (1 if capped else 3)
    assert run.cost == gemini.billed()


def test_names_in_prompts_keep_pictures_apart(
    copies: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    tasks = TASKS.replace("Is the picture plain?", "Is {filename} plain?")
    run = classify(copies, "--near_duplicates=6", "--near_duplicates_audit=0", tasks=tasks)
    assert run.run["near_duplicates"] == 0
    assert asked(gemini) == 2 * (3 * SCENES + 2)


@pytest.mark.parametrize("distance", ["-1", "9", "x"])
def test_a_distance_out_of_range_is_refused(distance: str, copies: Path, tmp_path: Path) -> None:
    words = [f"--input={copies}", f"--output={tmp_path}/out", f"--near_duplicates={distance}"]
    assert main(words) == 2
