"""A calibration for people: what each route costs and how right it is, the chosen one marked."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tierwise.beam_pipeline.terminal.cost_table import thousands
from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.beam_pipeline.terminal.screen import say
from tierwise.calibration.calibration_file import CalibratedTask, Calibration
from tierwise.calibration.choice import Choice, TriedRoute
from tierwise.calibration.figures import LabelFigures
from tierwise.calibration.remarks import dearer, remarks
from tierwise.calibration.rule_text import escalate_lines

_MOST_CONFUSED = 5
_MOST_LABELS = 20


def print_calibration(calibration: Calibration, uri: str, console: Console) -> None:
    """Print a table per task, its choice in words, and where the file is."""
    for name, task in calibration.tasks.items():
        if said := dearer(name, task.choice):
            console.print()
            console.print(Text(plain(said, 500)), soft_wrap=True)
    for name, task in calibration.tasks.items():
        console.print()
        console.print(_table(name, task, console.width, emulated=calibration.emulated))
        chosen = task.choice.route(task.choice.chosen)
        for table in (_labels(task.choice, console.width), _fields(chosen, console.width)):
            if table.row_count:
                console.print()
                console.print(table)
        for line in _lines(task):
            console.print(Text(plain(line, 500)), soft_wrap=True)
    console.print()
    if calibration.emulated:
        say(console, "EMULATED: these figures come from a local emulator, not from Gemini.")
    say(console, f"Calibration: {uri}")


def _table(name: str, task: CalibratedTask, width: int, *, emulated: bool) -> Table:
    said = " (emulated)" if emulated else ""
    choice = task.choice
    columns = (
        Column("route", attrgetter("name"), number=False),
        Column("USD per\n1000", lambda one: f"{one.figures.usd_per_1000_images:.4f}"),
        Column("score", lambda one: f"{one.figures.score:.3f}"),
        Column(
            f"{choice.confidence:.0%}\ninterval",
            lambda one: f"{one.figures.low:.2f}-{one.figures.high:.2f}",
        ),
        Column("lost/\ngained", _lost_and_gained, 1),
        *([Column("units", _units, 1)] if _together(choice) else []),
        Column("image\ntokens", lambda one: thousands(round(one.figures.image_tokens)), 2),
        Column("ms", lambda one: thousands(one.figures.latency_ms), 3),
        Column("no\nanswer", _unanswered, 4),
        Column("", lambda one: _verdict(one, choice), number=False),
    )
    return fitted_table(
        f"{name}: {choice.images} labelled images{said}",
        columns,
        choice.telling,
        width,
        box=SIMPLE_HEAD,
        bold=lambda one: one.name == choice.chosen,
    )


def _lost_and_gained(one: TriedRoute) -> str:
    compared = one.comparison
    return f"{compared.lost}/{compared.gained}" if compared else ""


def _together(choice: Choice) -> bool:
    """Whether images fail together somewhere."""
    return any(_units(one) for one in choice.routes)


def _units(one: TriedRoute) -> str:
    compared = one.comparison
    together = compared and 0 < compared.units < compared.images
    return thousands(compared.units) if compared and together else ""


def _unanswered(one: TriedRoute) -> str:
    return f"{sum(one.figures.no_answer.values()) / one.figures.images:.1%}"


def _labels(choice: Choice, width: int) -> Table:
    """The labels at the chosen route and at the reference, the worst found first."""
    chosen, reference = choice.route(choice.chosen), choice.route(choice.reference)
    known = sorted(
        (label for label in chosen.figures.labels if label.images or label.answered),
        key=lambda label: (label.recall, label.label),
    )
    there = {label.label: label for label in reference.figures.labels}
    beside = Column(f"recall at\n{reference.name}", lambda label: _recall(there[label.label]))
    columns = (
        Column("label", lambda label: plain(label.label), number=False),
        Column("images", lambda label: str(label.images)),
        Column("answered", lambda label: str(label.answered)),
        *([] if chosen is reference else [beside]),
        Column("recall", _recall),
        Column("precision", lambda label: f"{label.precision:.2f}" if label.answered else "-"),
        Column("F1", lambda label: f"{label.f1:.2f}"),
    )
    more = len(known) - _MOST_LABELS
    cut = f", and {more} more in calibration.json" if more > 0 else ""
    title = f"at {chosen.name}, by label{cut}"
    return fitted_table(title, columns, known[:_MOST_LABELS], width, box=SIMPLE_HEAD)


def _recall(one: LabelFigures) -> str:
    """Of a label that no image has, nothing can be found."""
    return f"{one.recall:.2f}" if one.images else "-"


def _fields(one: TriedRoute, width: int) -> Table:
    """The properties of structs, or a text as a whole."""
    columns = (
        Column("field", lambda field: plain(field.name), number=False),
        Column("images", lambda field: str(field.images)),
        Column("exact", lambda field: f"{field.exact:.2f}"),
        Column("word F1", lambda field: f"{field.word_f1:.2f}"),
    )
    title = f"at {one.name}, by field"
    return fitted_table(title, columns, one.figures.fields, width, box=SIMPLE_HEAD)


def _verdict(one: TriedRoute, choice: Choice) -> str:
    if one.name == choice.chosen:
        return "chosen"
    if one.name == choice.reference:
        return "reference"
    if one.accepted:
        return "not for all" if one.not_for else "good enough"
    if one.blocked_by:
        return "not tested"
    return f"needs {thousands(one.images_needed)}" if one.images_needed else "worse"


def _lines(task: CalibratedTask) -> Iterable[str]:
    yield task.why
    yield from remarks(task.choice)
    chosen = task.choice.route(task.choice.chosen)
    if chosen.escalation:
        yield "Without the calibration file, the same is had by these keys of the task:"
        yield from (f"  {line}" for line in escalate_lines(chosen.route, chosen.escalation))
    figures = chosen.figures
    wrong = [one for one in figures.confusion if one.label != one.answer]
    worst = sorted(wrong, key=lambda one: -one.images)[:_MOST_CONFUSED]
    if worst:
        taken = (f"{one.label} for {one.answer or 'nothing'} ({one.images})" for one in worst)
        yield f"Most often it takes {', '.join(taken)}."
    for one in task.choice.telling:
        if one.figures.no_answer:
            reasons = ", ".join(f"{reason} {n}" for reason, n in one.figures.no_answer.items())
            yield f"{one.name} gave no answer, which counts as wrong: {reasons}."
    if task.left_out:
        reasons = ", ".join(f"{reason} {images}" for reason, images in task.left_out.items())
        yield f"Labelled images left out: {reasons}."
