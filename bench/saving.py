"""What the ways to ask an archive cost at list prices, and from what size it matters.

    python -m bench.saving

Nothing is asked and nothing measured: tokens of pictures follow the documented rule, those of words
and answers are the forecast's, prices are the list's of the day. A photo has 4000x3000 px.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tierwise.forecast.forecast import expectations
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import middle_scenario
from tierwise.forecast.survey import SeenFile, SeenImage, Standing, Stratum, Survey
from tierwise.forecast.workload import Load, workloads
from tierwise.questions import as_written
from tierwise.tasks import load_tasks

ON = date(2026, 11, 29)
PICTURES = 1_000_000
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
# What is worth an afternoon of somebody's time, in dollars.
WORTH_IT = 50

_HEAD = "model: gemini-3.1-flash-lite\nservice_tier: {tier}\n"
_LABELS = "[animal, architecture, city, clothing, document, food, interior, landscape, people, \
product, vehicle, other]"
_ONE = """tasks:
  category:
    prompt: Which category of the archive fits this picture best?
    labels: {labels}
"""
_SIX = """  written: {prompt: 'Is there readable text in the picture?', labels: ["yes", "no"]}
  people: {prompt: 'How many people can be seen?', labels: [none, one, some, crowd]}
  light: {prompt: 'What light was it taken in?', labels: [day, dusk, night, indoors]}
  kind: {prompt: 'What kind of picture is it?', labels: [photo, drawing, scan, screenshot]}
  title: {prompt: Give the picture a short title, text: {max_length: 60}}
"""


@dataclass(frozen=True)
class Way:
    """One way to ask; `how` overrides what every task says."""

    name: str
    together: bool = True
    tier: str = "standard"
    how: str = "media_resolution: low"


WAYS = (
    Way("each question apart, high", together=False, how="media_resolution: high"),
    Way("each question apart, low", together=False),
    Way("all in one form, low"),
    Way("all in one form, low, flex", tier="flex"),
    Way("the same, contact sheets of 4", tier="flex", how="images_per_sheet: 4"),
    Way("the same, contact sheets of 9", tier="flex", how="images_per_sheet: 9"),
)


def load(way: Way, questions: int) -> Load:
    """What a million photographs come to."""
    text = _HEAD.format(tier=way.tier) + ("" if way.together else "together: false\n")
    text += f"defaults: {{{way.how}}}\n" + _ONE.format(labels=_LABELS)
    text += _SIX if questions == 6 else ""
    tasks = as_written(load_tasks(text, path="bench/saving.py")).tasks
    standings = {task.name: Standing.ASKED for task in tasks}
    seen = SeenImage(4000, 3000, "photo.jpg", {}, standings, "jpeg")
    sample = (SeenFile((seen,)),) * 36  # full sheets of 4 and of 9
    survey = Survey(PICTURES, (Stratum(PICTURES, sample),))
    known = middle_scenario(expectations(tasks, survey))
    return sum((work.load(known) for work in workloads(tasks, survey, Rates(ON))), Load())


def costs(questions: int) -> dict[str, float]:
    """Dollars for a million photographs, by way; the naive way first."""
    found = {way.name: load(way, questions) for way in WAYS}
    naive = found[WAYS[0].name].baseline
    return {"naive way": naive / 1e9} | {name: one.cost / 1e9 for name, one in found.items()}


def table(questions: int) -> Iterator[str]:
    """One line for each way: dollars by size of the archive."""
    sizes = "".join(f"{size:>12,}" for size in SIZES)
    asked = "one question" if questions == 1 else f"{questions} questions"
    yield f"{asked + ', USD for pictures:':<32}{sizes}"
    for name, dollars in costs(questions).items():
        if questions > 1 or "apart" not in name:
            yield f"{name:<32}" + "".join(f"{dollars * size / PICTURES:>12,.2f}" for size in SIZES)


def worth_from(questions: int, other: str, ours: str) -> int:
    """From how many pictures on one way is dearer than another by what an afternoon is worth."""
    each = costs(questions)
    return round(WORTH_IT * PICTURES / (each[other] - each[ours]))


def main() -> None:
    for questions in (1, 6):
        print(*table(questions), "", sep="\n")
    low, sheet = "all in one form, low, flex", "the same, contact sheets of 4"
    for questions in (1, 6):
        print(
            f"${WORTH_IT} less with {questions} asked: low and flex instead of the naive way from "
            f"{worth_from(questions, 'naive way', low):,} pictures, sheets of 4 instead of low and "
            f"flex from {worth_from(questions, low, sheet):,}"
        )


if __name__ == "__main__":
    main()
