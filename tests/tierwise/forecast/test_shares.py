from __future__ import annotations

import random

import pytest

from tests.tierwise.forecast.one_task import survey_of
from tierwise.forecast.shares import asked_shares
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.tasks import load_tasks

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  kind: {prompt: Which, labels: [a, b, c, d, e]}
  some: {prompt: Some, labels: [a, b, c], multiple: true}
  form:
    prompt: Form
    schema:
      type: object
      properties: {sure: {type: boolean}, count: {type: integer}}
      required: [sure, count]
  always: {prompt: Always, text: {max_length: 20}}
  one: {when: kind == "a", prompt: One, labels: [x, y]}
  four: {when: kind != "a", prompt: Four, labels: [x, y]}
  sure: {when: form.sure == true, prompt: Sure, labels: [x, y]}
  both: {when: one == "x" and form.sure == true, prompt: Both, labels: [x, y]}
  has: {when: some contains "b", prompt: Has, labels: [x, y]}
  reads: {prompt: "Why {kind}?", labels: [x, y], input: text}
"""
ASKED, SPARED, OPEN = Standing.ASKED, Standing.SPARED, Standing.OPEN
ALL = load_tasks(TASKS, path="t").tasks


def survey(images: int, **standings: list[Standing]) -> Survey:
    seen = (
        SeenImage(
            1, 1, "", {}, {t.name: standings.get(t.name, [ASKED] * images)[image] for t in ALL}
        )
        for image in range(images)
    )
    return survey_of(tuple(seen))


@pytest.mark.parametrize(
    ("task", "share"),
    [
        ("always", 1.0),
        ("reads", 1.0),
        ("one", 0.5 * 1 / 5),
        ("four", (4 / 5) ** 2),
        ("sure", 0.5 * 1 / 2),
        ("both", 0.5 * 1 / 20),
        ("has", 0.5 * 0.3),
    ],
)
def test_before_any_answer_a_condition_picks_fewer_than_chance_would(
    task: str, share: float
) -> None:
    waiting = {name: [OPEN] for name in ("one", "four", "sure", "both", "has", "reads")}
    shares = asked_shares(ALL, survey(1, **waiting))
    assert shares[task].mean == pytest.approx(share, abs=0.06)


def test_known_answers_outweigh_what_was_imagined() -> None:
    known = survey(120, one=[ASKED] * 30 + [SPARED] * 70 + [OPEN] * 20)
    share = asked_shares(ALL, known)["one"]
    assert share.mean == pytest.approx(0.3, abs=0.01)
    rng = random.Random(1)
    drawn = sorted(share.drawn(rng) for _ in range(500))
    assert 0.2 < drawn[50] < 0.3 < drawn[450] < 0.4
