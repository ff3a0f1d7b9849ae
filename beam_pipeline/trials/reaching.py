"""Labelled images at the tasks that a run would ask of them, and what to say of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tierwise.beam_pipeline.trials.label_problems import (
    GATE_UNKNOWN,
    NOT_REACHED,
    LabelProblems,
)
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.calibration.reached import Reached, reached, signals_of
from tierwise.errors import InputError
from tierwise.tasks import Task, Tasks


@dataclass(frozen=True, slots=True)
class Reaching:
    """The images that are judged at any task, each with the truths of those tasks alone.

    `tasks` are those that can be judged; `told` says of those with a condition how many images
    reach them; `warnings` of each that nobody knows which images would reach it.
    """

    images: list[LabelledImage]
    tasks: tuple[str, ...]
    told: Mapping[str, str]
    warnings: list[str]


@dataclass(slots=True)
class _Counts:
    """Of the images with a truth for a task: how many reach it, and what others lack to say so."""

    images: int = 0
    reach: int = 0
    unknown: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


def that_reach(
    images: Sequence[LabelledImage],
    tasks: Tasks,
    columns: Mapping[str, Sequence[str]],
    problems: LabelProblems,
) -> Reaching:
    """Each image with the truths of those tasks that would be asked of it.

    Args:
        images: with their truths of all tasks, those that decide what is asked among them.
        tasks: all of the tasks file.
        columns: by name of the tasks to be judged, where their truths are.
        problems: where images are counted that a task is not judged at.

    Raises:
        InputError: of no task it is known which images would reach it.
    """
    counts = {name: _Counts() for name in columns}
    found = [_judged(image, tasks, counts, problems) for image in images]
    refused = {name: _refusal(tasks.task(name), counts[name], columns[name]) for name in columns}
    told = {name: _told(tasks.task(name), count) for name, count in counts.items()}
    kept = tuple(name for name in columns if not refused[name])
    warnings = [warning for warning in refused.values() if warning]
    if not kept:
        raise InputError(" ".join(warnings))
    return Reaching(
        [image for image in found if image.truths],
        kept,
        {name: told[name] for name in kept if told[name]},
        [f"{warning} It is not calibrated." for warning in warnings],
    )


def _judged(
    image: LabelledImage, tasks: Tasks, counts: Mapping[str, _Counts], problems: LabelProblems
) -> LabelledImage:
    """The image with the truths that count, which are counted."""
    signals = {name: signals_of(tasks.task(name)) for name in counts}
    names = {*counts, *(signal for some in signals.values() for signal in some)}
    asked = {name: reached(name, tasks, image.truths) for name in sorted(names)}
    truths = {}
    for name, count in counts.items():
        if name not in image.truths:
            continue
        count.images += 1
        lacking = _lacking(asked[name], [asked[signal] for signal in signals[name]])
        if _is_spared(asked[name]):
            problems.spare(name, NOT_REACHED)
        elif lacking:
            count.unknown += 1
            count.lacking.update(lacking)
            problems.spare(name, GATE_UNKNOWN)
        else:
            count.reach += 1
            truths[name] = image.truths[name]
    spared = frozenset(name for name, one in asked.items() if _is_spared(one))
    return replace(image, truths=truths, spared=spared)


def _is_spared(one: Reached) -> bool:
    return not one.asked and not one.lacking


def _lacking(own: Reached, signals: Collection[Reached]) -> set[str]:
    return {column for one in (own, *signals) for column in one.lacking}


def _told(task: Task, count: _Counts) -> str:
    """How many images reach a task; empty for one that is asked of all."""
    if count.reach == count.images and task.when is None:
        return ""
    when = f" (when {task.when.text})" if task.when else ""
    said = f"{task.name}: {count.reach:,} of {count.images:,} labelled images reach it{when}"
    if count.unknown:
        do, columns = "does" if count.unknown == 1 else "do", " and ".join(sorted(count.lacking))
        said += f"; {count.unknown:,} {do} not count, for the truth of {columns} is missing"
    return said


def _refusal(task: Task, count: _Counts, columns: Sequence[str]) -> str:
    """Why nothing can be said of a task; empty where something is known of some image."""
    if not count.images or count.unknown < count.images:
        return ""
    lacking = sorted(column for column, many in count.lacking.items() if many == count.images)
    lacking = lacking or sorted(count.lacking)
    when = f"it is asked when {task.when.text}" if task.when else "it asks again by other answers"
    them = "a column" if len(lacking) == 1 else "columns"
    return (
        f"task {task.name!r}: {when}, and no labelled image says what is right for "
        f"{' and '.join(lacking)}, so that nobody knows which of them would reach it. Give the "
        f"manifest {them} {' and '.join(lacking)}, or leave out {' and '.join(columns)}."
    )
