"""Labelled images as several routes have answered them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tierwise.answers.labels import OneLabel
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.routes import usual_routes
from tierwise.records import ImageSettings, MediaResolution, Reason, Route, Spent, Usage

OWN = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(912, tokens=280))
KIND = OneLabel(("cat", "dog"))

Observe = Callable[..., list[Observation]]


@pytest.fixture(scope="session")
def observe() -> Observe:
    """Observations of images with the label cat, right or wrong, at a cost in nano-dollars."""

    def observed(right: Sequence[bool], cost: int = 100, **changed: Any) -> list[Observation]:
        values = {
            "truth": "cat",
            "reason": None,
            "spent": Spent(Usage(300, 266, 0, 3, 1), cost, 1),
            "latency_ms": 700,
            "model_version": "gemini-3.1-flash-lite",
            **changed,
        }
        answers = ("cat" if one else "dog" for one in right)
        return [Observation(value=answer, **values) for answer in answers]

    return observed


@pytest.fixture(scope="session")
def choice(observe: Observe) -> Choice:
    """Of 400 images, `low` answers as `high` does, and `low-x8` loses every tenth."""
    costs = {"high": 900, "medium": 600, "low": 400, "high-x8": 800, "medium-x8": 500}
    routes = {name: route for name, route in usual_routes(OWN).items() if name in costs}
    worse = usual_routes(OWN)["low-x8"]
    routes["low-x8"] = worse
    observed = {name: observe([True] * 400, cost) for name, cost in costs.items()}
    observed["low-x8"] = observe([number % 10 > 0 for number in range(400)], 300)
    return choose(KIND, routes, observed, Terms(0.02, 0.95))


@pytest.fixture(scope="session")
def own() -> Route:
    return OWN


@pytest.fixture(scope="session")
def unanswered() -> Observation:
    return Observation("cat", None, Reason.INVALID_ANSWER, Spent(cost=70, requests=1))
