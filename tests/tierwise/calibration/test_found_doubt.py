"""Thresholds of doubt: quantiles of what a route has said, and none where it says one thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.cascades import cascades
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.found_doubt import confidence_rules, telling_confidence
from tierwise.calibration.routes import usual_routes
from tierwise.records import Route, Spent
from tierwise.tasks import load_tasks

TASKS = load_tasks(
    """
model: gemini-3.1-flash-lite
tasks:
  found:
    prompt: What is it, and how sure are you?
    schema:
      type: object
      properties:
        kind: {type: string, enum: [cat, dog]}
        confidence: {type: number, minimum: 0, maximum: 1}
      required: [kind, confidence]
  plain: {prompt: Which, labels: [cat, dog]}
""",
    path="tasks.yaml",
)
KIND = TASKS.task("found").answer


def observed(kinds: Sequence[str], sure: Sequence[float], cost: int) -> list[Observation]:
    return [
        Observation({"kind": "cat"}, {"kind": k, "confidence": s}, None, Spent(cost=cost))
        for k, s in zip(kinds, sure, strict=True)
    ]


def test_thresholds_leave_a_half_to_a_sixteenth_in_doubt() -> None:
    said = observed(["cat"] * 160, [n / 160 for n in range(160)], 1)
    rules = list(confidence_rules("found", KIND, said))
    doubted = [sum(rule.condition.holds({"found": one.value}) for one in said) for rule in rules]
    assert doubted == [80, 40, 20, 10]


@pytest.mark.parametrize("kind", [KIND, TASKS.task("plain").answer])
def test_a_model_that_is_always_as_sure_has_no_threshold(kind: AnswerType) -> None:
    said = observed(["cat"] * 50, [0.95] * 50, 1)
    assert not list(confidence_rules("found", kind, said))
    assert not list(confidence_rules("found", kind, []))


@pytest.mark.parametrize(("telling", "wanted"), [(True, "low>high if confidence"), (False, "high")])
def test_a_confidence_that_tells_errors_is_used_and_one_that_does_not_is_not(
    telling: bool, wanted: str, own: Route
) -> None:
    """A tenth is wrong at `low`: where the model is least sure, or anywhere."""
    random = np.random.default_rng(3)
    sure = np.round(random.random(400), 3)
    wrong = sure < 0.1 if telling else random.random(400) < 0.1
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    answered = {
        "high": observed(["cat"] * 400, [0.9] * 400, 900),
        "low": observed(["dog" if one else "cat" for one in wrong], sure.tolist(), 300),
    }
    assert chosen(routes, answered).chosen.startswith(wanted)


@pytest.mark.parametrize(("telling", "found"), [(True, 0.252), (False, None)])
def test_a_confidence_is_told_where_it_tells_mistakes(telling: bool, found: float | None) -> None:
    random = np.random.default_rng(4)
    sure = np.arange(1000) / 1000
    wrong = random.random(1000) < (np.where(sure < 0.25, 0.3, 0.05) if telling else 0.1)
    said = observed(["dog" if one else "cat" for one in wrong], sure.tolist(), 1)
    threshold = telling_confidence(KIND, said)
    assert threshold == (pytest.approx(found, abs=0.01) if found else None)


def test_a_model_that_is_always_as_sure_tells_nothing() -> None:
    """As one was: 0.95 for 269 of 298 pages, 23 of its 46 mistakes among them."""
    wrong = ["dog"] * 23 + ["cat"] * 246
    assert telling_confidence(KIND, observed(wrong, [0.95] * 269, 1)) is None


def chosen(routes: dict[str, Route], answered: dict[str, list[Observation]]) -> Choice:
    rules = list(confidence_rules("found", KIND, answered["low"]))
    assert len(rules) == 4
    composed = list(cascades("found", routes, ["high"], rules, answered))
    return choose(KIND, routes, answered, Terms(0.05, 0.95), composed=composed)
