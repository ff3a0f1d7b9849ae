"""The rounds of a run in batch: their questions, their jobs, and how long they may take."""

from __future__ import annotations

from datetime import date

import pytest

from tests.tierwise.forecast.one_task import survey_of
from tierwise.batches.planned_rounds import PlannedBatch, planned_batch
from tierwise.forecast.batch_jobs import rounds_of
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing
from tierwise.job_limits import EARLIEST_S
from tierwise.questions import as_written
from tierwise.records import ServiceTier
from tierwise.tasks import Task, load_tasks

TODAY = date(2026, 11, 29)
FLEX, STANDARD, BATCH = ServiceTier.FLEX, ServiceTier.STANDARD, ServiceTier.BATCH
LITE, CARBON = "gemini-3.1-flash-lite", "gemini-4-carbon"
DAY = 86_400.0
TASKS = """
model: gemini-3.1-flash-lite
service_tier: batch
tasks:
  kind:
    prompt: Which kind is it?
    labels: [photo, print, unsure]
    escalate: {when: kind == "unsure", media_resolution: high}
  print:
    when: kind == "print"
    prompt: What is printed there?
    labels: [bill, letter]
  words:
    input: text
    service_tier: standard
    when: print == "bill"
    prompt: Describe {print} in a word.
    text: {max_length: 40}
  last:
    when: words != "x"
    prompt: "Is it dark?"
    labels: ["yes", "no"]
"""


def asked(text: str = TASKS) -> tuple[Task, ...]:
    return as_written(load_tasks(text, path="tasks.yaml")).tasks


def plan(
    files: int,
    *,
    text: str = TASKS,
    fallback: ServiceTier | None = FLEX,
    usage_tier: int = 1,
    vertex: bool = False,
) -> PlannedBatch:
    tasks = asked(text)
    standings = {task.name: Standing.OPEN if task.when else Standing.ASKED for task in tasks}
    image = SeenImage(400, 300, "a.jpg", {}, standings)
    models = {task.route.model for task in tasks}
    found = planned_batch(
        tasks,
        survey_of((image,) * 100, files=files),
        Rates(TODAY, vertex),
        dict.fromkeys(models, fallback),
        usage_tier,
    )
    assert found is not None
    return found


def one_task(model: str = LITE) -> str:
    return (
        f"model: {model}\nservice_tier: batch\n"
        "tasks: {a: {prompt: Which, labels: [x, y], media_resolution: low}}"
    )


def test_what_waits_for_answers_is_in_a_later_round() -> None:
    assert rounds_of(asked()) == {"kind@first": 1, "kind": 2, "print": 3, "words": 3, "last": 4}
    rounds = {one.number: one for one in plan(10**6).rounds}
    assert {number: [some.tasks for some in one.jobs] for number, one in rounds.items()} == {
        1: [("kind",)],
        2: [("kind@escalated",)],
        3: [("print",)],
        4: [("last",)],
    }


def test_without_the_batch_tier_there_are_no_rounds() -> None:
    tasks = asked(TASKS.replace("service_tier: batch", "service_tier: flex"))
    survey = survey_of(())
    assert planned_batch(tasks, survey, Rates(TODAY), {}, 1) is None
    assert set(rounds_of(tasks).values()) == {0}


def test_small_rounds_are_asked_at_once_and_the_first_never() -> None:
    small = plan(1_000)
    assert [one.at_once for one in small.rounds] == [None, FLEX, FLEX, FLEX]
    assert small.target_s == DAY
    assert [one.at_once for one in plan(1_000, fallback=None).rounds] == [None] * 4
    assert plan(1_000, fallback=None).target_s == 4 * DAY
    large = plan(10**6)
    assert [one.at_once for one in large.rounds] == [None] * 4


def test_at_standard_a_small_round_must_not_cost_much_more() -> None:
    # A third of 600 pictures at high costs some cents more, above 2 % of the first round.
    tiers = [one.at_once for one in plan(600, fallback=STANDARD).rounds]
    assert tiers[:2] == [None, None]
    assert plan(9, fallback=STANDARD).rounds[1].at_once is STANDARD


@pytest.mark.parametrize(
    ("files", "vertex", "tier", "jobs", "waves"),
    [
        (1, False, 1, 1, 1),
        (20_000, False, 1, 1, 1),  # 20,000 requests of 282 tokens
        (20_001, False, 1, 2, 1),
        (100_000, False, 1, 5, 5),  # each takes more than half of the ten million
        (100_000, False, 2, 5, 1),
        (2_100_000, False, 3, 105, 2),  # a hundred at a time
        (2_100_000, True, 1, 11, 1),
    ],
)
def test_jobs_by_requests_bytes_and_tokens(
    files: int, vertex: bool, tier: int, jobs: int, waves: int
) -> None:
    found = plan(files, text=one_task(), vertex=vertex, usage_tier=tier)
    [one] = found.rounds
    assert (one.requests, one.waves) == (files, waves)
    assert one.jobs[0].jobs == pytest.approx(jobs, rel=0.05 if vertex else 0)
    assert found.earliest_s == (waves + (files > 200)) * EARLIEST_S
    assert found.target_s == waves * DAY
    assert found.expires_s == waves * (4 if vertex else 2) * DAY


def test_what_batch_saves() -> None:
    here = plan(1_000, text=one_task()).saved
    assert here[FLEX] == 0
    assert here[STANDARD] == pytest.approx(1000 * (276 * 250 + 1500) // 2, rel=0.1)
    there = plan(1_000, text=one_task(CARBON), vertex=True).saved
    assert set(there) == {STANDARD}  # Vertex AI has no flex of it


def test_a_limit_that_nobody_knows_is_told() -> None:
    assert plan(1, text=one_task("gemini-3.8-flash")).enqueued["gemini-3.8-flash"].known is False
    assert plan(1, text=one_task()).enqueued[LITE].known
    assert plan(1, text=one_task(), vertex=True).enqueued == {}
