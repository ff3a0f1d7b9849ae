"""Cheap and wide, then dear and narrow: an image whose answer is in doubt is asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.beam_pipeline.__main__ import main

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  written:
    prompt: Is there text in it?
    labels: ["yes", "no", unsure]
    images_per_request: 4
    escalate: {when: written == "unsure", media_resolution: medium, images_per_request: 1}
  title:
    when: written == "yes"
    prompt: What does it say?
    text: {max_length: 40}
"""
# Where the second ask goes to a model of its own, its faults can be told apart.
TWO_MODELS = TASKS.replace("media_resolution: medium", "model: gemini-3.5-flash-lite")
IMAGES, WRITTEN = 12, 4


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, page: Callable[..., bytes]) -> Path:
    """Pages of which every third has text that cannot be read at low; and a twin of the first."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(IMAGES):
        data = page(number, bright=True, written=number % 3 == 0)
        (folder / f"{number:02}.jpg").write_bytes(data)
    (folder / "twin.jpg").write_bytes((folder / "00.jpg").read_bytes())
    return folder


def test_images_in_doubt_are_asked_again_and_have_one_row(
    pages: Path, classify: Callable[..., Any], gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    done = classify(pages, tasks=TASKS)
    rows = {Path(row["uri"]).name: row for row in done.answers("written")}
    assert len(rows) == len(done.answers("written")) == IMAGES + 1
    doubtful = {f"{number:02}.jpg" for number in range(0, IMAGES, 3)} | {"twin.jpg"}
    assert {name for name, row in rows.items() if row["answer"] == "yes"} == doubtful
    assert {name for name, row in rows.items() if row["escalated"]} == doubtful
    assert {rows[name]["media_resolution"] for name in doubtful} == {"medium"}
    assert {row["media_resolution"] for n, row in rows.items() if n not in doubtful} == {"low"}
    # What depends on the answer sees the final one.
    assert {Path(row["uri"]).name for row in done.answers("title")} == doubtful

    shown = (done.output / "report.html").read_text("utf-8")
    assert shown.count('<span class="what doubt"><bdi>asked again at medium</bdi>') == WRITTEN

    # Two asks cost what both were billed, and the account tells them apart.
    assert done.cost == gemini.billed()
    tokens = {name: rows[name]["image_tokens"] for name in ("03.jpg", "01.jpg")}
    assert tokens["03.jpg"] > 2 * tokens["01.jpg"]
    costs = {
        (row["media_resolution"], row["outcome"]): row
        for row in done.costs
        if row["task"] == "written"
    }
    first, second = costs["low", "escalated"], costs["medium", "answered"]
    assert second["requests"] == WRITTEN
    assert first["requests"] + costs["low", "answered"]["requests"] == IMAGES / 4
    assert 0 < first["cost_usd"] < second["cost_usd"]
    assert sum(row["images"] for row in costs.values()) == IMAGES + 1
    assert first["baseline_cost_usd"] == 0

    # The run says how many, the forecast what it expected, and its waste has nothing of it.
    assert done.run["tasks"]["written"]["escalated"] == WRITTEN + 1
    assert done.run["tasks"]["written"]["asked"] == IMAGES + 1
    assert done.run["waste"] == {}
    assert set(done.run["tasks"]) == {"written", "title"}
    asked_of = {one["name"]: one for one in done.run["asked"]}
    assert set(asked_of) == {"written", "title"}
    assert (asked_of["written"]["media_resolution"], asked_of["written"]["when"]) == ("low", "")
    expected = done.run["forecast"]["tasks"]["written@escalated"]
    assert 0 < expected["questions"] < IMAGES
    assert Decimal(expected["low_usd"]) < Decimal(expected["high_usd"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "written: 13 of 13 answered" in printed
    assert "written: 5 images of 13 asked again, because the first answer was in doubt." in printed

    # A bundle that is tried again finds what its first attempt has paid.
    repeated = classify(pages, "--direct_runner_bundle_repeat=1", tasks=TASKS, output="repeated")
    assert repeated.values == done.values
    assert repeated.cost == gemini.billed() - done.cost

    # A second run finds both asks in the journal.
    asked = len(gemini.requests())
    again = classify(pages, tasks=TASKS)
    assert len(gemini.requests()) == asked
    assert again.values == done.values
    assert again.cost == 0
    assert again.run["tasks"]["written"]["escalated"] == WRITTEN + 1


def test_a_cap_holds_for_both_asks(pages: Path, classify: Callable[..., Any], gemini: Any) -> None:
    whole = classify(pages, tasks=TASKS, output="whole")
    gemini.reset()
    capped = classify(pages, "--max_cost_usd=1", tasks=TASKS, output="capped")
    assert capped.values == whole.values
    for cap in ("0.001", "0.0015"):
        tight = classify(pages, f"--max_cost_usd={cap}", tasks=TASKS, status=3)
        assert {"over_budget"} == set(tight.reasons.values())
        assert Decimal(tight.run["all_runs"]["cost_usd"]) <= Decimal(cap)
        # A first answer that could not be followed up is none: its money is on the failure.
        assert len(tight.answers("written")) < IMAGES + 1
    assert classify(pages, "--max_cost_usd=1", tasks=TASKS).values == whole.values


def test_a_second_ask_that_fails_leaves_no_doubtful_answer(
    pages: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({"kind": "blocked_answer", "model": "gemini-3.5-flash-lite"})
    done = classify(pages, tasks=TWO_MODELS)
    assert len(done.answers("written")) == IMAGES - WRITTEN
    failures = [row for row in done.failures if row["task"] == "written"]
    assert len(failures) == WRITTEN + 1
    assert {row["reason"] for row in failures} == {"blocked_answer"}
    assert done.cost == gemini.billed()
    outcomes = {(row["model"], row["outcome"]) for row in done.costs if row["task"] == "written"}
    assert ("gemini-3.1-flash-lite", "escalated") in outcomes
    assert ("gemini-3.5-flash-lite", "blocked_answer") in outcomes
    assert not done.answers("title")


@pytest.mark.parametrize(
    ("check", "failing", "escalated"),
    [
        ("media_resolution: medium", False, WRITTEN),  # the two differ where text is small
        ("model: gemini-3.5-flash-lite", False, 0),  # they see the same
        ("model: gemini-3.5-flash-lite", True, IMAGES),  # nobody knows: in doubt
    ],
)
def test_disagreement_of_two_asks_is_doubt(
    check: str,
    failing: bool,
    escalated: int,
    pages: Path,
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    tasks = f"""
model: gemini-3.1-flash-lite
defaults: {{routing: {{fit_pixels: false}}}}
tasks:
  written:
    prompt: Is there text in it
    labels: ["yes", "no"]
    escalate: {{when: written != check, media_resolution: high}}
  check: {{prompt: Is there any text in it, labels: ["yes", "no"], {check}}}
"""
    if failing:
        gemini.faults({"kind": "blocked_prompt", "model": "gemini-3.5-flash-lite"})
    done = classify(pages, tasks=tasks)
    twin = 1 if escalated else 0
    assert done.run["tasks"]["written"]["escalated"] == escalated + twin
    assert done.cost == gemini.billed()
    levels = Counter(row["media_resolution"] for row in done.answers("written"))
    assert levels.total() - levels["low"] == escalated + twin


def test_an_unreadable_image_has_one_failure(
    tmp_path: Path, classify: Callable[..., Any], gemini: Any
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"no picture")
    done = classify(folder, tasks=TASKS)
    assert done.asked == [("a.jpg", 1, "written")]
    assert gemini.billed() == 0


def test_the_forecast_of_a_plan_shows_both_asks(
    pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tasks.yaml").write_text(TASKS, "utf-8")
    assert main(["plan", f"--input={pages}", f"--tasks={tmp_path}/tasks.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "written@escalated" in printed
    assert "how many images a condition picks" in printed
