"""A tasks file of one labels task, as forecasts vary it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tierwise.forecast.survey import SeenFile, SeenImage, Stratum, Survey
from tierwise.tasks import Tasks, load_tasks

_TASKS = """
model: {model}
service_tier: {tier}
tasks:
  a:
    prompt: {prompt}
    labels: ["yes", "no"]
    media_resolution: {level}
    images_per_request: {pack}
"""


def tasks_of(
    *,
    model: str = "gemini-3.1-flash-lite",
    level: str = "low",
    pack: int = 1,
    prompt: str = "x" * 40,
    tier: str = "standard",
) -> Tasks:
    """One task `a`; the usual prompt is ten tokens."""
    text = _TASKS.format(model=model, level=level, pack=pack, prompt=prompt, tier=tier)
    return load_tasks(text, path="tasks.yaml")


def survey_of(
    images: Sequence[SeenImage],
    *,
    files: int | None = None,
    broken: int = 0,
    twins: Mapping[str, int] | None = None,
) -> Survey:
    """A sample of files with one image each and of broken ones, of so many files in all."""
    seen = (*(SeenFile((image,)) for image in images), *(SeenFile() for _ in range(broken)))
    count = len(seen) if files is None else files
    return Survey(count, (Stratum(count, seen, twins=twins or {}),))
