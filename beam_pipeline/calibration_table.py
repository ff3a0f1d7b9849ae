"""A calibration for people: what each route costs and how right it is, the chosen one marked."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_pipeline.cost_table import count
from beam_pipeline.plain_text import plain
from tierwise.calibration.calibration_file import CalibratedTask, Calibration
from tierwise.calibration.choice import Choice, TriedRoute

_MOST_CONFUSED = 3


def print_calibration(calibration: Calibration, uri: str) -> None:
    """Print a table per task, its choice in words, and where the file is."""
    console = Console(highlight=False)
    for name, task in calibration.tasks.items():
        console.print()
        console.print(_table(name, task, emulated=calibration.emulated))
        for line in _lines(task):
            console.print(Text(plain(line, 500)), soft_wrap=True)
    console.print()
    if calibration.emulated:
        console.print("EMULATED: these figures come from a local emulator, not from Gemini.")
    console.print(Text(f"Calibration: {uri}"), soft_wrap=True)


def _table(name: str, task: CalibratedTask, *, emulated: bool) -> Table:
    said = " (emulated)" if emulated else ""
    choice = task.choice
    title = Text(f"{name}: {choice.images} labelled images{said}")
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, show_edge=False
    )
    table.add_column("route", overflow="fold")
    interval = f"{choice.confidence:.0%}\ninterval"
    for heading in ("USD per\n1000", "score", interval, "lost/\ngained", "image\ntokens", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in choice.routes:
        style = "bold" if one.name == choice.chosen else ""
        table.add_row(*map(Text, _cells(one, choice)), style=style)
    return table


def _cells(one: TriedRoute, choice: Choice) -> Iterable[str]:
    figures, compared = one.figures, one.comparison
    yield one.name
    yield f"{figures.usd_per_1000_images:.4f}"
    yield f"{figures.score:.3f}"
    yield f"{figures.low:.2f}-{figures.high:.2f}"
    yield f"{compared.lost}/{compared.gained}" if compared else ""
    yield count(round(figures.image_tokens))
    yield count(figures.latency_ms)
    yield _verdict(one, choice)


def _verdict(one: TriedRoute, choice: Choice) -> str:
    if one.name == choice.chosen:
        return "chosen"
    if one.name == choice.reference:
        return "reference"
    if one.accepted:
        return "good enough"
    return f"needs {count(one.images_needed)}" if one.images_needed else "worse"


def _lines(task: CalibratedTask) -> Iterable[str]:
    yield task.why
    figures = task.choice.route(task.choice.chosen).figures
    wrong = [one for one in figures.confusion if one.label != one.answer]
    worst = sorted(wrong, key=lambda one: -one.images)[:_MOST_CONFUSED]
    if worst:
        taken = (f"{one.label} for {one.answer or 'nothing'} ({one.images})" for one in worst)
        yield f"Most often it takes {', '.join(taken)}."
    for one in task.choice.routes:
        if one.figures.no_answer:
            reasons = ", ".join(f"{reason} {n}" for reason, n in one.figures.no_answer.items())
            yield f"{one.name} gave no answer, which counts as wrong: {reasons}."
    if task.left_out:
        reasons = ", ".join(f"{reason} {images}" for reason, images in task.left_out.items())
        yield f"Left out, because some route could not be asked: {reasons}."
