"""Under a cap the most wanted pictures are asked first, and those over budget are wanted least."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright], images_per_request: {pack}}}
  thing:
    when: shade == "dark"
    prompt: What is there?
    schema: {{type: object, properties: {{thing: {{type: string, maxLength: 30}}}}}}
"""
# Values as people write them: numbers of several lengths, words, and nothing.
VALUES = ["9", "10", "2.5", "100", "", "-3", "late", "1e3", "0", "7", "8", "11"]
ORDER = ["1e3", "100", "11", "10", "9", "8", "7", "2.5", "0", "-3", "late", ""]


def manifest(folder: Path, values: list[str]) -> Path:
    lines = [f"{folder}/{number:03}.jpg,{value}" for number, value in enumerate(values)]
    path = folder.parent / "archive.csv"
    path.write_text("\n".join(["uri,votes", *lines]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("pack", [1, 3])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_those_over_budget_are_wanted_least(
    pack: int, share: float, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    archive, tasks = manifest(photos(len(VALUES)), VALUES), TASKS.format(pack=pack)
    classify(archive, tasks=tasks, output="uncapped")
    cap = f"--max_cost_usd={Decimal(int(gemini.billed() * share)).scaleb(-9):f}"
    gemini.reset()
    finished = classify(archive, cap, "--order_by=votes", tasks=tasks, status=3)
    assert {row["reason"] for row in finished.failures} == {"over_budget"}
    lacking = {ORDER.index(row["votes"] or "") for row in finished.failures}
    whole = set(range(len(ORDER))) - lacking
    assert whole
    assert max(whole) < min(lacking)
    begun = {ORDER.index(row["votes"] or "") for row in finished.answers()}
    assert len(begun & lacking) <= pack


def test_of_names_with_one_content_the_most_wanted_counts(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(6)
    (folder / "006.jpg").write_bytes((folder / "000.jpg").read_bytes())
    archive = manifest(folder, ["1", "2", "3", "4", "5", "6", "99"])
    tasks = TASKS.format(pack=1).partition("  thing")[0]
    classify(archive, tasks=tasks, output="uncapped")
    cap = f"--max_cost_usd={Decimal(gemini.billed() // 2).scaleb(-9):f}"
    finished = classify(archive, cap, "--order_by=votes", tasks=tasks, status=3)
    answered = {row["votes"] for row in finished.answers()}
    assert {"1", "99"} <= answered
    assert finished.failures


def test_without_a_cap_there_is_no_first(
    photos: Callable[..., Path], classify: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    archive, tasks = manifest(photos(2), ["1", "2"]), TASKS.format(pack=1)
    assert classify(archive, "--order_by=votes", tasks=tasks).failures == []
    assert "--order_by=votes: without --max_cost_usd" in capsys.readouterr().err


def test_a_column_that_is_not_there_is_refused(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={manifest(photos(1), ['1'])}", f"--output={tmp_path}/out"]
    assert main(["run", *words, "--order_by=likes"]) == 2
    assert "--order_by=likes" in capsys.readouterr().err
