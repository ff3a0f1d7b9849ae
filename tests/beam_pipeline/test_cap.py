"""Whole runs under `--max_cost_usd`: never above it, and a later run asks exactly the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main
from tierwise.journal import journal_files

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: [dark, bright], images_per_request: 3}
  thing:
    when: shade == "dark"
    prompt: What is there?
    schema: {type: object, properties: {thing: {type: string, maxLength: 30}}}
  name:
    input: text
    prompt: Name a thing that is {shade}.
    text: {max_length: 60}
"""
IMAGES = 18


def dollars(nano: int) -> str:
    return f"{Decimal(nano).scaleb(-9):f}"


def cap_of(finished: Any) -> dict[str, int]:
    return {name: int(Decimal(usd).scaleb(9)) for name, usd in finished.run["cap"].items()}


def over_budget(finished: Any) -> set[tuple[str, str]]:
    return {row for row, reason in finished.reasons.items() if reason == "over_budget"}


def answered(finished: Any) -> dict[tuple[str, str], Any]:
    return {(Path(row["uri"]).name, row["task"]): row["answer"] for row in finished.answers()}


@pytest.fixture(scope="module")
def costs() -> list[int]:
    """What the archive of these tests cost without a cap, once it was asked."""
    return []


@pytest.fixture
def whole_cost(
    costs: list[int], photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> int:
    """What the archive of these tests costs without a cap."""
    if not costs:
        classify(photos(IMAGES), tasks=TASKS, output="uncapped")
        costs.append(gemini.billed())
        gemini.reset()
    return costs[0]


def test_a_higher_cap_later_asks_exactly_the_rest(
    whole_cost: int, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    cap = whole_cost // 2
    first = classify(photos(IMAGES), f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3)
    left, had, paid = over_budget(first), answered(first), first.cost
    assert 0.6 * cap < gemini.billed() == first.cost <= cap
    assert len(left) + len(had) >= 2 * IMAGES
    assert {name for name, _ in left}.isdisjoint(name for name, _ in had)
    assert first.run["status"] == "rows_left"
    sums = cap_of(first)
    assert sums["spent_usd"] == paid
    assert sums["left_usd"] == cap - paid
    assert all("--max_cost_usd" in row["message"] for row in first.failures)

    gemini.reset()
    second = classify(photos(IMAGES), "--max_cost_usd=1", tasks=TASKS)
    assert over_budget(second) == set()
    reused = {(Path(r["uri"]).name, r["task"]) for r in second.answers() if r["reused"]}
    assert reused == had.keys()
    assert second.cost == gemini.billed() > 0
    assert cap_of(second)["spent_before_usd"] == paid
    uncapped = classify(photos(IMAGES), tasks=TASKS, output="uncapped")
    assert answered(second) == answered(uncapped)


def test_the_cap_holds_for_all_runs_together(
    whole_cost: int, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    cap = whole_cost // 2
    for _ in range(2):
        classify(photos(IMAGES), f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3)
        assert gemini.billed() <= cap
    # What images cost that have left the archive counts as well.
    other = classify(
        photos(4, "others", first=90), f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3
    )
    assert cap_of(other)["spent_before_usd"] == gemini.billed() - other.cost > 0
    assert gemini.billed() <= cap


def test_damaged_lines_count_as_paid_in_this_run_and_all_later_ones(
    whole_cost: int,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, cap = photos(IMAGES), whole_cost
    first = classify(folder, f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=None)
    paid = first.cost
    for number, path in enumerate(sorted(first.output.glob("journal/?/*.jsonl"))):
        data = path.read_bytes()
        path.write_bytes(bytes(byte ^ 0x55 for byte in data) if number % 2 else b"")
    for _ in range(2):
        found = classify(folder, f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3)
        assert cap_of(found)["spent_before_usd"] == 0 < cap_of(found)["maybe_lost_usd"]
        assert gemini.billed() == paid <= cap_of(found)["maybe_lost_usd"]
        out = capsys.readouterr().out
        assert f"perhaps lost ${found.run['cap']['maybe_lost_usd']}" in out
        assert found.run["all_runs"]["maybe_lost_usd"] == found.run["cap"]["maybe_lost_usd"]
        assert "lines in the journal are damaged" in out
        assert "raise --max_cost_usd" in out
    more = dollars(cap + cap_of(found)["maybe_lost_usd"])
    last = classify(folder, f"--max_cost_usd={more}", tasks=TASKS, status=None)
    assert last.cost > 0


def test_a_cap_below_what_was_spent_says_so(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paid = classify(photos(3), tasks=TASKS).cost
    capsys.readouterr()
    cap = f"--max_cost_usd={dollars(paid - 1000)}"
    classify(photos(4), cap, tasks=TASKS, status=3)
    out = capsys.readouterr().out
    assert "THE CAP WAS PASSED before this run began, by $0.000001000" in out
    assert f"spent, or perhaps lost, ${dollars(paid)}. Only" in out
    assert "use what is left" not in out
    assert gemini.billed() == paid


def test_nothing_is_asked_for_nothing(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(5)
    none = classify(folder, "--max_cost_usd=0", tasks=TASKS, status=3)
    assert Counter(none.reasons.values()) == {"over_budget": 10}
    before = classify(folder, tasks=TASKS)
    gemini.reset()
    # All is paid for, so that a cap of nothing is enough.
    after = classify(folder, "--max_cost_usd=0", tasks=TASKS)
    assert answered(after) == answered(before)
    assert gemini.requests() == []


def test_a_broken_file_that_stays_unopened_is_not_promised_to_be_asked(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = photos(2)
    (folder / "broken.jpg").write_bytes((folder / "000.jpg").read_bytes()[:300])
    cap = f"--max_cost_usd={dollars(classify(folder, tasks=TASKS).cost)}"
    photos(1, first=2)
    capsys.readouterr()
    again = classify(folder, cap, tasks=TASKS, status=3)
    assert {name for name, _ in over_budget(again)} == {"002.jpg", "broken.jpg"}
    out = " ".join(capsys.readouterr().out.split())
    assert "some may yet turn out to be unreadable" in out
    assert "to try only these" in out
    last = classify(folder, "--max_cost_usd=1", tasks=TASKS)
    assert {name for name, _ in last.reasons} == {"broken.jpg"}
    assert set(last.reasons.values()) == {"unreadable"}
    assert {Path(r["uri"]).name for r in last.answers() if not r["reused"]} == {"002.jpg"}


def test_faults_do_not_break_the_cap(
    whole_cost: int, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    cap = whole_cost // 2
    gemini.faults(
        {"kind": "truncated_json", "rate": 0.2},
        {"kind": "max_tokens", "rate": 0.2},
        {"kind": "drop", "rate": 0.2},
        {"kind": "unavailable", "rate": 0.1},
        seed=4,
    )
    finished = classify(photos(IMAGES), f"--max_cost_usd={dollars(cap)}", tasks=TASKS, status=3)
    sums = cap_of(finished)
    assert gemini.billed() <= sums["spent_usd"] <= cap
    named = Counter(task for _, _, task in finished.asked)
    assert named["shade"] == named["name"] == IMAGES


def test_a_repeated_bundle_spends_nothing_more(
    whole_cost: int, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    cap = f"--max_cost_usd={dollars(whole_cost // 2)}"
    once = classify(photos(IMAGES), cap, tasks=TASKS, output="once", status=3)
    twice = classify(photos(IMAGES), cap, "--direct_runner_bundle_repeat=1", tasks=TASKS, status=3)
    assert answered(twice) == answered(once)
    assert over_budget(twice) == over_budget(once)
    assert once.cost + twice.cost == gemini.billed()


def test_two_workers_admit_the_same_images_as_one(
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Otherwise it would take thousands of pictures to have shards.
    monkeypatch.setattr(journal_files, "_IMAGES_PER_PURSE", 20)
    only = TASKS.partition("  thing:")[0]
    folder, cap = photos(64), "--max_cost_usd=0.004"
    one = classify(folder, cap, tasks=only, output="one", status=3)
    two = classify(
        folder,
        cap,
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=2",
        tasks=only,
        output="two",
        status=3,
    )
    assert answered(one) == answered(two)
    assert over_budget(one) == over_budget(two)
    assert one.cost == two.cost
    assert 0 < one.cost + two.cost == gemini.billed() <= 2 * 4_000_000


@pytest.mark.parametrize("amount", ["-1", "nan", "1e9", "ten", "0.0000000001"])
def test_what_is_no_amount_is_refused(
    amount: str, photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--input={photos(1)}", f"--output={tmp_path / 'out'}", f"--max_cost_usd={amount}"]
    assert main(words) == 2
    assert f"--max_cost_usd={amount}: is not an amount" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
