"""A tasks file of one labels task, as forecasts vary it."""

from __future__ import annotations

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
