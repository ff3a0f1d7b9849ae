"""Whole runs that ask groups under `--max_cost_usd`: never above it, and the rest later."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.journal import journal_files

SHADE = """
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
"""
THEME = """
  theme:
    per: folder
    prompt: Which theme do the pictures of {folder} share?
    labels: [dark, bright]
    max_per_group: 4
"""
HEAD = "model: gemini-3.1-flash-lite\ntasks:\n"
GROUPS, BOTH = HEAD + THEME, HEAD + SHADE + THEME
FOLDERS = 8
EACH = 3


def dollars(nano: int) -> str:
    return f"{Decimal(nano).scaleb(-9):f}"


def spent_before(finished: Any) -> int:
    return int(Decimal(finished.run["cap"]["spent_before_usd"]).scaleb(9))


def spent(finished: Any) -> int:
    return int(Decimal(finished.run["cap"]["spent_usd"]).scaleb(9))


def over_budget(finished: Any, task: str = "theme") -> set[tuple[str, int]]:
    rows = (row for row in finished.failures if row["task"] == task)
    return {(row["uri"], row["page"]) for row in rows if row["reason"] == "over_budget"}


def answered(finished: Any, task: str = "theme") -> dict[tuple[str, int], str]:
    return {(row["uri"], row["page"]): row["answer"] for row in finished.answers(task)}


def folders(images: Any) -> set[str]:
    return {Path(uri).parent.name for uri, _ in images}


@pytest.fixture
def archive(photos: Callable[..., Path], tmp_path: Path) -> Path:
    """Eight folders of three pictures; one has a broken file, one more pictures than are sent."""
    for number in range(FOLDERS):
        photos(EACH, f"in/{number}", first=EACH * number)
    photos(EACH, "in/5", first=200)
    (tmp_path / "in" / "2" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return tmp_path / "in"


@pytest.fixture(scope="module")
def costs() -> dict[str, int]:
    """By tasks, what the archive of these tests cost without a cap when it was first asked."""
    return {}


@pytest.fixture
def whole_cost(
    costs: dict[str, int], archive: Path, classify: Callable[..., Any], gemini: Any
) -> Callable[[str], int]:
    """What the archive of these tests costs without a cap."""

    def cost(tasks: str) -> int:
        if tasks not in costs:
            classify(archive, tasks=tasks, output="uncapped")
            costs[tasks] = gemini.billed()
            gemini.reset()
        return costs[tasks]

    return cost


@pytest.mark.parametrize("tasks", [GROUPS, BOTH], ids=["groups", "both"])
def test_a_higher_cap_later_asks_exactly_the_rest(
    tasks: str, whole_cost: Any, archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    cap = whole_cost(tasks) * 2 // 3
    first = classify(archive, f"--max_cost_usd={dollars(cap)}", tasks=tasks, status=3)
    left, had, paid = over_budget(first), answered(first), first.cost
    assert 0.5 * cap < gemini.billed() == paid <= cap
    # A group has its answer or has none, and each of its images the one row.
    assert left
    assert had
    assert folders(left).isdisjoint(folders(had))
    images_left, asked = over_budget(first, "shade"), first.asked
    gemini.reset()

    second = classify(archive, "--max_cost_usd=1", tasks=tasks)
    assert over_budget(second) == set()
    assert (second.cost, spent_before(second)) == (gemini.billed(), paid)
    news = {(row["uri"], row["page"]) for row in second.answers("theme") if not row["reused"]}
    assert folders(news) == folders(left)
    assert len(gemini.requests()) == len(folders(left)) + -(-len(images_left) // 3)
    uncapped = classify(archive, tasks=tasks, output="uncapped")
    assert answered(second) == answered(uncapped)
    assert second.asked == uncapped.asked == asked


def test_what_was_paid_needs_no_cap(
    archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    """Also a group with a broken file, whose answer is found only once its files are opened."""
    before = classify(archive, tasks=GROUPS)
    values, asked = answered(before), before.asked
    gemini.reset()
    after = classify(archive, "--max_cost_usd=0", tasks=GROUPS)
    assert (answered(after), after.asked, gemini.requests()) == (values, asked, [])


def test_nothing_is_asked_or_opened_for_nothing(
    archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    none = classify(archive, "--max_cost_usd=0", tasks=BOTH, status=3)
    assert len(over_budget(none)) == FOLDERS * EACH + EACH + 1  # the broken file with them
    assert gemini.requests() == []
    assert all("--max_cost_usd" in row["message"] for row in none.failures)


@pytest.mark.parametrize("tasks", [GROUPS, BOTH], ids=["groups", "both"])
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_do_not_break_the_cap(
    seed: int, tasks: str, whole_cost: Any, archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    cap = whole_cost(tasks)
    gemini.faults(
        {"kind": "truncated_json", "rate": 0.2},
        {"kind": "max_tokens", "rate": 0.2},
        {"kind": "drop", "rate": 0.2},
        {"kind": "unavailable", "rate": 0.1},
        seed=seed,
    )
    finished = classify(archive, f"--max_cost_usd={dollars(cap)}", tasks=tasks, status=3)
    assert 0 < gemini.billed() <= spent(finished) <= cap
    assert sum(task == "theme" for _, _, task in finished.asked) == FOLDERS * EACH + EACH + 1


def test_a_repeated_bundle_spends_nothing_more(
    whole_cost: Any, archive: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    cap = f"--max_cost_usd={dollars(whole_cost(BOTH) * 2 // 3)}"
    once = classify(archive, cap, tasks=BOTH, output="once", status=3)
    repeat = "--direct_runner_bundle_repeat=1"
    twice = classify(archive, cap, repeat, tasks=BOTH, output="twice", status=3)
    assert answered(twice) == answered(once)
    assert over_budget(twice) == over_budget(once)
    assert once.cost + twice.cost == gemini.billed()


def test_two_workers_admit_the_same_groups_as_one(
    archive: Path,
    classify: Callable[..., Any],
    gemini: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Otherwise it would take thousands of pictures to have shards.
    monkeypatch.setattr(journal_files, "_IMAGES_PER_PURSE", 4)
    cap = "--max_cost_usd=0.008"
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    one = classify(archive, cap, tasks=BOTH, output="one", status=3)
    two = classify(archive, cap, *workers, tasks=BOTH, output="two", status=3)
    assert answered(one) == answered(two)
    assert answered(one)
    assert over_budget(one) == over_budget(two) != set()
    assert one.cost == two.cost
    assert one.cost + two.cost == gemini.billed() <= 2 * 8_000_000
