"""What Gemini declines goes once more to the route for refusals, and both are paid and told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

LITE, OTHER, THIRD = "gemini-3.1-flash-lite", "gemini-3.5-flash-lite", "gemini-3-flash-preview"
PLAIN = f"""
model: {LITE}
together: false
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
    images_per_request: 4
"""
TASKS = f"{PLAIN}    on_refusal: {{model: {OTHER}, media_resolution: high}}\n"
IMAGES, REFUSED = 10, "03.jpg"
RECITES = {"kind": "blocked_answer", "finish_reason": "RECITATION"}


@pytest.fixture(scope="module")
def photos(shades: Callable[[int], Path]) -> Path:
    return shades(IMAGES)


@pytest.fixture(scope="module")
def sent(
    photos: Path, tmp_path_factory: pytest.TempPathFactory, running_gemini: Any
) -> dict[str, str]:
    """By model the SHA-256 of the picture that is refused, as it is sent there."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copy(photos / REFUSED, folder)
    found = {}
    for model in (LITE, OTHER):
        tasks = folder.parent / f"{model}.yaml"
        resolution = "low" if model == LITE else "high"
        text = PLAIN.replace(LITE, model) + f"    media_resolution: {resolution}\n"
        tasks.write_text(text, "utf-8")
        words = [f"--input={folder}", f"--tasks={tasks}", f"--output={folder.parent / model}"]
        assert main(["run", *words, f"--gemini_endpoint={running_gemini.url}"]) == 0
        [found[model]] = running_gemini.requests()[-1]["images"]
    return found


def refused(sent: dict[str, str], *models: str, **fault: Any) -> list[dict[str, Any]]:
    """Faults by which these models decline that picture."""
    told = fault or RECITES
    return [{**told, "model": model, "sha256": [sent[model]]} for model in models]


def test_a_refused_picture_alone_goes_to_the_other_route(
    photos: Path,
    sent: dict[str, str],
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    whole = classify(photos, tasks=TASKS, output="whole")
    gemini.reset()
    gemini.faults(*refused(sent, LITE))
    done = classify(photos, tasks=TASKS)
    assert {Path(uri).name: answer for (uri, _, _), answer in done.values.items()} == {
        Path(uri).name: answer for (uri, _, _), answer in whole.values.items()
    }
    rows = {Path(row["uri"]).name: row for row in done.answers()}
    there = rows.pop(REFUSED)
    assert {row["model"] for row in rows.values()} == {LITE}
    assert (there["model"], there["media_resolution"]) == (OTHER, "high")
    assert there["route_reason"] == "on_refusal: Gemini stopped: RECITATION"
    assert not there["escalated"]
    # Split until it stands alone, declined there once, and asked once more.
    asked = [(one["model"], len(one["images"])) for one in gemini.requests()]
    assert asked.count((OTHER, 1)) == 1
    assert asked.count((LITE, 1)) == 2  # itself, and the neighbour that it was left with
    assert done.cost == gemini.billed()
    costs = {(row["model"], row["outcome"]): row for row in done.costs}
    assert set(costs) == {
        *((LITE, "answered"), (LITE, "repeated"), (LITE, "declined"), (OTHER, "answered")),
    }
    assert costs[LITE, "declined"]["images"] == 0
    assert there["cost_usd"] > costs[OTHER, "answered"]["cost_usd"]
    assert sum(row["images"] for row in costs.values()) == IMAGES
    assert done.run["tasks"]["shade"]["declined"] == 1
    assert done.run["tasks"]["shade"]["failures"] == 0

    # What was declined is not paid again; another route for refusals asks that picture alone.
    again = classify(photos, tasks=TASKS)
    assert (again.cost, again.values) == (0, done.values)
    before, paid = len(gemini.requests()), gemini.billed()
    third = classify(photos, tasks=TASKS.replace(OTHER, THIRD))
    assert [one["model"] for one in gemini.requests()[before:]] == [THIRD]
    assert third.cost == gemini.billed() - paid


def test_what_both_decline_is_final_and_tells_of_both(
    photos: Path, sent: dict[str, str], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults(*refused(sent, LITE), *refused(sent, OTHER, kind="blocked_prompt"))
    done = classify(photos, tasks=TASKS)
    [failure] = done.failures
    assert failure["reason"] == "blocked_prompt"
    assert failure["message"] == ("Gemini stopped: RECITATION; on_refusal: Gemini refused: SAFETY")
    costs = {(row["model"], row["outcome"]): row["cost_usd"] for row in done.costs}
    both = costs[LITE, "declined"] + costs[OTHER, "blocked_prompt"]
    assert failure["cost_usd"] > both > 0
    assert done.cost == gemini.billed()
    before = len(gemini.requests())
    assert classify(photos, tasks=TASKS).failures[0]["message"] == failure["message"]
    assert len(gemini.requests()) == before
    # Asked again is what the row failed by, at the route for refusals.
    gemini.faults(*refused(sent, LITE))
    once = classify(photos, "--ask_again=blocked_prompt,blocked_answer", tasks=TASKS)
    assert not once.failures
    assert [one["model"] for one in gemini.requests()[before:]] == [OTHER]
    # An answer from there is none that failed.
    assert classify(photos, "--ask_again=blocked_answer", tasks=TASKS).cost == 0


def test_a_route_that_is_added_later_asks_what_was_refused_and_nothing_else(
    photos: Path, sent: dict[str, str], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults(*refused(sent, LITE))
    plain = classify(photos, tasks=PLAIN)
    assert plain.reasons == {(REFUSED, "shade"): "blocked_answer"}
    before = len(gemini.requests())
    done = classify(photos, tasks=TASKS)
    assert not done.failures
    assert [one["model"] for one in gemini.requests()[before:]] == [OTHER]
    # Removed again, it is asked at its own route: that refusal was no verdict.
    assert classify(photos, tasks=PLAIN).reasons == plain.reasons


def test_a_doubtful_answer_from_there_is_asked_again_as_any(
    photos: Path, sent: dict[str, str], classify: Callable[..., Any], gemini: Any
) -> None:
    tasks = TASKS + "    escalate: {when: shade == 'dark', media_resolution: medium}\n"
    gemini.faults(*refused(sent, LITE))
    done = classify(photos, tasks=tasks)
    assert not done.failures
    row = next(row for row in done.answers() if row["uri"].endswith(REFUSED))
    # 03 is dark: its second ask, at another size, is not the picture that was refused.
    assert (row["model"], row["media_resolution"], row["escalated"]) == (LITE, "medium", True)
    counts = done.run["tasks"]["shade"]
    assert (counts["declined"], counts["escalated"]) == (1, IMAGES // 2)
    assert done.cost == gemini.billed()
    assert classify(photos, tasks=tasks).cost == 0


def test_questions_that_share_a_refused_picture_are_asked_apart_and_then_there(
    photos: Path, sent: dict[str, str], classify: Callable[..., Any], gemini: Any
) -> None:
    tasks = (
        TASKS.replace("together: false", "together: [shade, tone]")
        + """
  tone:
    prompt: Which tone has it?
    labels: [warm, cold]
    images_per_request: 4
"""
    )
    gemini.faults(*refused(sent, LITE))
    done = classify(photos, tasks=tasks)
    assert done.reasons == {(REFUSED, "tone"): "blocked_answer"}
    there = next(r for r in done.answers("shade") if r["uri"].endswith(REFUSED))
    assert (there["model"], there["asked_with"]) == (OTHER, [])
    asked = [
        (one["model"], one["questions"])
        for one in gemini.requests()
        if (sent[LITE] in one["images"] and len(one["images"]) == 1) or one["model"] == OTHER
    ]
    # Together, each apart (once where there is a route, once more where there is none), and there.
    assert sorted(asked) == sorted([(LITE, 2), (LITE, 1), (LITE, 1), (LITE, 1), (OTHER, 1)])
    assert done.cost == gemini.billed()


def test_a_cap_counts_the_route_for_refusals(
    photos: Path, sent: dict[str, str], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults(*refused(sent, LITE))
    whole = classify(photos, "--max_cost_usd=1", tasks=TASKS, output="whole")
    assert not whole.failures
    assert whole.cost == gemini.billed()
    gemini.reset()
    gemini.faults(*refused(sent, LITE))
    tight = classify(photos, "--max_cost_usd=0.001", tasks=TASKS, status=3)
    assert set(tight.reasons.values()) == {"over_budget"}
    assert tight.cost == gemini.billed() <= int(Decimal("0.001").scaleb(9))
    # With more to spend, what waits is asked, and nothing twice.
    more = classify(photos, "--max_cost_usd=1", tasks=TASKS)
    assert more.values.keys() == {(uri, page, task) for uri, page, task in whole.values}
    assert int(Decimal(more.run["all_runs"]["cost_usd"]).scaleb(9)) == gemini.billed()


def test_a_batch_asks_what_was_declined_in_a_round_of_its_own(
    photos: Path, sent: dict[str, str], batch_runs: Any
) -> None:
    batch_runs.gemini.faults(*refused(sent, LITE))
    run = batch_runs.run(photos, "--service_tier=batch", "--batch_fallback=none", tasks=TASKS)
    there = next(r for r in run.rows("answers") if r["uri"].endswith(REFUSED))
    assert (there["model"], there["service_tier"]) == (OTHER, "batch")
    assert there["route_reason"] == "on_refusal: Gemini stopped: RECITATION"
    assert not run.reasons
    run.check_money()


def test_a_calibration_judges_and_prices_what_comes_from_there(
    photos: Path, sent: dict[str, str], gemini: Any, tmp_path: Path
) -> None:
    lines = ["uri,shade"]
    for number in range(IMAGES):
        lines.append(f"{photos}/{number:02}.jpg,{'dark' if number % 2 else 'bright'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), "utf-8")
    tasks = TASKS.replace("images_per_request: 4", "media_resolution: medium")
    (tmp_path / "tasks.yaml").write_text(tasks, "utf-8")
    gemini.faults(*refused(sent, LITE))
    words = [f"--input={tmp_path}/labels.csv", f"--gemini_endpoint={gemini.url}"]
    tried = ["--routes=medium,low", "--margin=0.4", f"--output={tmp_path}/calibrated"]
    at = [f"--tasks={tmp_path}/tasks.yaml"]
    assert main(["calibrate", *words, *tried, *at]) == 0
    [found] = json.loads((tmp_path / "calibrated/calibration.json").read_text("utf-8"))[
        "tasks"
    ].values()
    assert found["on_refusal"]["model"] == OTHER
    figures = {one["name"]: one["figures"] for one in found["choice"]["routes"]}
    assert figures["low"]["no_answer"] == {}
    alone = [figures[name] for name in ("medium", "low")]
    paid = sum(Decimal(one["usd_per_1000_images"]) * IMAGES for one in alone) / 1000
    assert paid == Decimal(gemini.billed()).scaleb(-9)
    # Changed since, it is another route for every picture that is declined.
    (tmp_path / "tasks.yaml").write_text(tasks.replace(OTHER, THIRD), "utf-8")
    run = ["run", *words, *at, f"--output={tmp_path}/run"]
    assert main([*run, f"--calibration={tmp_path}/calibrated/calibration.json"]) == 2


def test_a_plan_says_how_many_it_takes_to_be_declined(
    photos: Path,
    sent: dict[str, str],
    classify: Callable[..., Any],
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini.faults(*refused(sent, LITE))
    done = classify(photos, tasks=TASKS)
    told = done.run["forecast"]["tasks"]["shade@on_refusal"]
    assert (told["declined_share"], told["declined_seen"]) == (0.01, 0)
    words = [f"--input={photos}", f"--output={done.output}", f"--tasks={done.output}.yaml"]
    Path(f"{done.output}.yaml").write_text(TASKS.replace(OTHER, THIRD), "utf-8")
    capsys.readouterr()
    assert main(["plan", *words, f"--gemini_endpoint={gemini.url}"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    said = "of pictures are taken to be declined, by 10 pictures of the journal."
    assert f"shade@on_refusal: 4.0% {said}" in printed
