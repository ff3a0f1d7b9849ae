"""The labelled images of a calibration: what is right about each, and what is wrong with some."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.files import files_for
from storage.listing import Input, Kind, Named, list_names
from tierwise.answers.labels import OneLabel
from tierwise.calibration.labelling import LABEL
from tierwise.calibration.truths import TruthError, read_truth
from tierwise.errors import InputError
from tierwise.tasks import Tasks

_FEW = 5
_LEAST = 10
_EXAMPLES = 3
_MOST_KINDS = 8


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One content, under one of its names; `truths` are typed answers by task."""

    named: Named
    truths: Mapping[str, Any]


@dataclass(slots=True)
class Problems:
    """Images that are left out, by what is wrong with them."""

    _names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, problem: str, name: str) -> None:
        """Count an image, and remember some names."""
        self._names[problem].append(name)

    def told(self) -> list[str]:
        """A sentence for each kind of problem, with its count and examples; the most frequent."""
        kinds = sorted(self._names.items(), key=lambda kind: -len(kind[1]))
        said = [
            f"{len(names)} left out: {problem} ({', '.join(names[:_EXAMPLES])}"
            f"{' ...' if len(names) > _EXAMPLES else ''})"
            for problem, names in kinds[:_MOST_KINDS]
        ]
        if rest := sum(len(names) for _, names in kinds[_MOST_KINDS:]):
            said.append(f"{rest} more left out for other reasons of this sort")
        return said


def named_with_labels(found: Input) -> list[Named]:
    """Every name of the input; in a folder, the folder below it is the column `label`."""
    names = [name for name in list_names(found) if isinstance(name, Named)]
    if found.kind is not Kind.FOLDER:
        return names
    root = found.uri.rstrip("/") + "/"
    return [_with_folder(name, root) for name in names]


def _with_folder(name: Named, root: str) -> Named:
    folder, slash, _ = name.uri.removeprefix(root).partition("/")
    return replace(name, columns={LABEL: folder if slash else None})


def label_values(names: Iterable[Named]) -> set[str]:
    """The values of the column `label`."""
    values = (name.columns.get(LABEL) for name in names)
    return {str(value) for value in values if value not in (None, "")}


def labelled_images(
    names: Sequence[Named], tasks: Tasks, truth_columns: Mapping[str, Sequence[str]]
) -> tuple[list[LabelledImage], Problems]:
    """The images with a usable label for any task, each content once, and the problems of others.

    Raises:
        InputError: a task has fewer than ten.
    """
    problems = Problems()
    by_content: dict[str, LabelledImage] = {}
    conflicting: set[str] = set()
    for named in names:
        truths = dict(_truths(named, tasks, truth_columns, problems))
        content = _content(named, problems) if truths else None
        if content is None:
            continue
        before = by_content.setdefault(content, LabelledImage(named, truths))
        if any(before.truths.get(task, truth) != truth for task, truth in truths.items()):
            for one in (named,) if content in conflicting else (before.named, named):
                problems.add("the same picture has another label elsewhere", one.uri)
            conflicting.add(content)
    images = [one for content, one in by_content.items() if content not in conflicting]
    for task in truth_columns:
        _check_enough(task, sum(task in one.truths for one in images), problems)
    return images, problems


def _truths(
    named: Named, tasks: Tasks, columns: Mapping[str, Sequence[str]], problems: Problems
) -> Iterable[tuple[str, Any]]:
    for task, held in columns.items():
        try:
            cells = {column: named.columns.get(column) for column in held}
            truth = read_truth(tasks.task(task).answer, cells)
        except TruthError as error:
            problems.add(f"{task}: {error}", named.uri)
        else:
            if truth is not None:
                yield task, truth


def _content(named: Named, problems: Problems) -> str | None:
    try:
        return files_for(named.path).content_hash(named.path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(f"cannot be read: {reason}", named.uri)
        return None


def _check_enough(task: str, images: int, problems: Problems) -> None:
    if images < _LEAST:
        raise InputError(
            f"task {task!r}: {images} images have a usable label; at least {_LEAST} are needed, "
            f"and hundreds to show anything. {' '.join(problems.told())}".strip()
        )


def sampled(images: Sequence[LabelledImage], count: int | None) -> list[LabelledImage]:
    """So many of the images at random, the same ones each time; all without a count.

    Raises:
        InputError: there are not so many.
    """
    if count is None:
        return list(images)
    if count > len(images):
        raise InputError(
            f"--sample={count}: there are only {len(images)} labelled images. Ask for fewer, or "
            "leave --sample out to take all."
        )
    return sorted(images, key=lambda one: sha256(one.named.uri.encode()).digest())[:count]


def rare_labels(images: Sequence[LabelledImage], tasks: Tasks) -> list[str]:
    """A warning for each task with labels that hardly any image has."""
    told = []
    for task in tasks.tasks:
        if not isinstance(task.answer, OneLabel):
            continue
        counts = Counter(one.truths[task.name] for one in images if task.name in one.truths)
        rare = [label for label in task.answer.labels if 0 < counts[label] < _FEW]
        if rare:
            told.append(
                f"{task.name}: fewer than {_FEW} images have the label {', '.join(rare)}, so that "
                "their recall says little"
            )
    return told


def manifest_of(names: Iterable[Named]) -> bytes:
    """A manifest (JSON Lines) of exactly these images, with the columns that prompts may use."""
    lines = (json.dumps({**named.columns, "uri": address(named)}) for named in names)
    return ("\n".join(lines) + "\n").encode()


def address(named: Named) -> str:
    """The name of an image in this manifest, wherever the manifest lies."""
    return named.path if "://" in named.path else str(Path(named.path).absolute())


def columns_of(names: Iterable[Named]) -> tuple[str, ...]:
    """All columns, each once."""
    return tuple(dict.fromkeys(column for name in names for column in name.columns))
