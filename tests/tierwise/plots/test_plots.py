"""Plots: what stands in them, and that they are the same bytes each time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tierwise.answers.labels import OneLabel
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.routes import usual_routes
from tierwise.measurement import MeasuredRoute
from tierwise.plots.accuracy_plot import accuracy_plot
from tierwise.plots.drawing import Plot
from tierwise.plots.placing import NameBox, first_free
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.records import ImageSettings, MediaResolution, Route, Spent, Usage

OWN = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(912))
COSTS = {"high": 900, "medium": 600, "low": 400, "high-x8": 800, "low-x8": 300}
MEASURED = [
    MeasuredRoute(varied, name, 24, 0, least, median, most, rule, 0, 9.0, 3.0, 0.0, Decimal(1), 1.0)
    for varied, name, least, median, most, rule in [
        ("nothing", "low", 260, 266.0, 280, 266.0),
        ("media resolution", "high", 1000, 1071.5, 1120, 1100.0),
    ]
]


@pytest.fixture(scope="module")
def choice() -> Choice:
    """Of 400 images, each route has all right, but `low-x8` every tenth wrong."""
    observed = {
        name: [
            Observation(
                truth="cat",
                value="dog" if name == "low-x8" and number % 10 == 0 else "cat",
                reason=None,
                spent=Spent(Usage(300, 266, 0, 3, 1), cost, 1),
            )
            for number in range(400)
        ]
        for name, cost in COSTS.items()
    }
    routes = {name: usual_routes(OWN)[name] for name in COSTS}
    return choose(OneLabel(("cat", "dog")), routes, observed, Terms(0.02, 0.95))


@pytest.fixture
def plots(choice: Choice) -> dict[str, Plot]:
    return {
        "accuracy": accuracy_plot("category", choice, emulated=True),
        "tokens": tokens_plot("category", MEASURED, emulated=False),
    }


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.text]


def test_the_accuracy_plot_names_every_route_and_marks_the_chosen(choice: Choice) -> None:
    plot = accuracy_plot("category", choice, emulated=True)
    written = [text.strip() for text in texts(plot.svg())]
    for one in choice.routes:
        assert one.name + (" (chosen)" if one.name == choice.chosen else "") in written
    assert "category: 400 labelled images (emulated)" in written
    assert "USD per 1000 images" in written
    assert "Chosen: low, 0.0004 USD, score 1.000." in plot.said
    assert "emulated" not in accuracy_plot("category", choice, emulated=False).svg()


def test_the_tokens_plot_has_a_row_for_each_route() -> None:
    plot = tokens_plot("category", MEASURED, emulated=True)
    written = [text.strip() for text in texts(plot.svg())]
    assert {"low", "266", "high", "1071.5"} <= set(written)
    assert "category: tokens per image (emulated)" in written
    assert plot.said == (
        "Median tokens of a picture, task category (emulated): low 266, high 1071.5."
    )


@pytest.mark.parametrize("kind", ["accuracy", "tokens"])
def test_a_plot_can_stand_in_any_page(kind: str, plots: dict[str, Plot]) -> None:
    svg = plots[kind].svg()
    assert svg.startswith('<svg role="img" aria-label="')
    assert "currentColor" in svg
    assert "<style" not in svg
    assert "font-family: 'DejaVu" not in svg
    # No colour but that of the text around, and those that show on light and dark.
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {"#2f7fd1", "#7f7f7f"}
    # Every name that is left is one that something refers to.
    named, used = set(re.findall(r'id="([^"]*)"', svg)), set(re.findall(r"#(\w{8,})", svg))
    assert named <= used


@pytest.mark.parametrize("kind", ["accuracy", "tokens"])
def test_a_plot_is_the_same_each_time(kind: str, plots: dict[str, Plot], choice: Choice) -> None:
    plot = plots[kind]
    again = {
        "accuracy": accuracy_plot("category", choice, emulated=True),
        "tokens": tokens_plot("category", MEASURED, emulated=False),
    }[kind]
    assert plot.svg() == again.svg() == plot.svg()
    assert plot.png() == again.png()
    with Image.open(io.BytesIO(plot.png())) as picture:
        assert picture.format == "PNG"
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["accuracy", "tokens"])
def test_names_from_outside_are_escaped(kind: str, choice: Choice) -> None:
    name = '<script>"$x$'
    if kind == "accuracy":
        svg = accuracy_plot(name, choice, emulated=True).svg()
    else:
        svg = tokens_plot(name, MEASURED, emulated=True).svg()
    assert "<script>" not in svg
    assert any('<script>"$x$' in text for text in texts(svg))


def test_plots_leave_the_shared_state_of_matplotlib_alone() -> None:
    program = (
        "import sys, tierwise.plots.accuracy_plot, tierwise.plots.tokens_plot\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_a_name_covers_no_other_where_there_is_room(lefts: list[int]) -> None:
    inside, taken = NameBox(0, 0, 100, 1_000), list[NameBox]()
    for left in lefts:
        offers = [(NameBox(left, low, left + 20, low + 5), float(low)) for low in range(0, 500, 5)]
        taken.append(first_free(offers, taken, inside))
    assert all(not a.shared(b) for i, a in enumerate(taken) for b in taken[:i])
