"""The labelled images of a calibration: what is right about each, and what is wrong with some."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from unicodedata import normalize

from tierwise.answers.comparing import cell_text
from tierwise.answers.truths import TruthError, read_truth, truth_columns
from tierwise.beam_pipeline.trials.drawn import as_manifest, drawn_at_random
from tierwise.beam_pipeline.trials.hash_sample import HashSample
from tierwise.beam_pipeline.trials.label_problems import (
    CONFLICTING_LABELS,
    EXAMPLE,
    INNER_LABEL,
    MISSING,
    UNKNOWN_LABEL,
    LabelProblems,
)
from tierwise.calibration.labelling import FOLDERS_TASK, LABEL, LEAST_IMAGES
from tierwise.counts.corrections import ANSWER
from tierwise.errors import ImageError, InputError
from tierwise.label_rows import LabelRow
from tierwise.shown import shown
from tierwise.storage.files import files_for
from tierwise.storage.joined_names import join_key, joined
from tierwise.storage.listing import Input, InputKind, Named, Skipped, list_names
from tierwise.storage.patience import read_patiently
from tierwise.surveying.picture_heads import LOOK_PATIENCE_S
from tierwise.tasks import Tasks

_FEW = 5
# Names, or rows of labels, that are held: of more, so many by a hash.
MOST_NAMES = 100_000
# Labels of folders, or of a column `label`, that are told apart.
_MOST_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One content, under one of its names; `truths` are typed answers by task.

    They are of those tasks that it is asked and judged at. Of `spared`, other tasks among them, it
    is known that a run does not ask them of it. `content_hash` is that of its bytes. `unit` names
    the pictures that look like it (`tierwise.beam_pipeline.trials.alike`), empty where none does.
    """

    named: Named
    truths: Mapping[str, Any]
    content_hash: str = ""
    spared: frozenset[str] = frozenset()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LabelledNames:
    """Names that may have labels, and the values of their column `label`.

    `told` is what to say of names that are not among them, empty where all are.
    """

    names: list[Named]
    values: set[str]
    told: str = ""


@dataclass(frozen=True, slots=True)
class _Content:
    """One content under its first name, and each label it has for a task, with who has it first."""

    named: Named
    content_hash: str
    said: dict[str, list[tuple[Any, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, truths: Mapping[str, Any], tasks: Tasks) -> None:
        """Add what is said of it under one of its names."""
        for task, truth in truths.items():
            kind = tasks.task(task).answer
            if not any(kind.is_same(truth, other) for other, _ in self.said[task]):
                self.said[task].append((truth, name))

    @property
    def labelled(self) -> LabelledImage:
        """The image with the labels that nothing contradicts."""
        agreed = {task: said[0][0] for task, said in self.said.items() if len(said) == 1}
        return LabelledImage(self.named, agreed, self.content_hash)


def named_with_labels(
    found: Input, tasks: Tasks | None = None, most: int = MOST_NAMES
) -> LabelledNames:
    """The names of the input; in a folder, the folder below it is the column `label`.

    Where a table of labels is joined, it alone says what is right. Of more than `most` names those
    are held that may have a label, and of these so many by a hash: `tasks` say in which columns.
    """
    held = _labels_in(found, tasks)
    listed: Iterable[Named | Skipped] = list_names(found)
    told = ""
    if labels := found.labels:
        rows, told = _label_rows(labels, held, most)
        listed = joined(listed, rows, labels)
    names = (name for name in listed if isinstance(name, Named))
    is_manifest = bool(labels) or found.kind is not InputKind.FOLDER
    if not is_manifest:
        root = found.uri.rstrip("/") + "/"
        names = (_with_folder(name, root) for name in names)
    some = HashSample[Named](most)
    values: set[str] = set()
    for name in names:
        value = name.columns.get(LABEL)
        if value not in (None, "") and len(values) < _MOST_VALUES:
            values.add(cell_text(value))
        some.add(name.uri.encode("utf-8", "surrogatepass"), name, _has_any(name.columns, held))
    kept = some.kept()
    told = told or some.told("names with labels")
    return LabelledNames(as_manifest(kept) if is_manifest else kept, values, told)


def _labels_in(found: Input, tasks: Tasks | None) -> frozenset[str]:
    """The columns that may hold a label."""
    known = (
        truth_columns(task.name, task.answer, found.columns)
        for task in (tasks.tasks if tasks else ())
    )
    return frozenset((LABEL, ANSWER, FOLDERS_TASK, *itertools.chain.from_iterable(known)))


def _label_rows(
    labels: Input, held: Collection[str], most: int
) -> tuple[dict[bytes, LabelRow], str]:
    """The rows of a table of labels, of more than are held some; and what to say of that."""
    some = HashSample[tuple[bytes, LabelRow]](most)
    for name in list_names(labels):
        if isinstance(name, Named):
            key = join_key(name)
            some.add(key, (key, LabelRow(name.columns)), _has_any(name.columns, held))
    rows: dict[bytes, LabelRow] = {}
    for key, row in some.kept():
        rows[key] = rows[key] + row if key in rows else row
    return rows, some.told("rows with labels")


def _has_any(columns: Mapping[str, Any], held: Collection[str]) -> bool:
    return any(columns.get(column) not in (None, "") for column in held)


def _with_folder(name: Named, root: str) -> Named:
    folder, slash, _ = name.uri.removeprefix(root).partition("/")
    return replace(name, columns={LABEL: normalize("NFC", folder) if slash else None})


def labelled_images(
    names: Sequence[Named], tasks: Tasks, truth_columns: Mapping[str, Sequence[str]]
) -> tuple[list[LabelledImage], LabelProblems]:
    """The images with a usable label for any task, each content once, and the problems of others.

    A content that has several labels for a task, under whatever names, is left out of that task.
    """
    problems = LabelProblems()
    contents: dict[str, _Content] = {}
    for named in drawn_at_random(names, truth_columns, problems):
        truths = dict(_truths(named, tasks, truth_columns, problems))
        digest = _digest(named, truths, problems) if truths else None
        if digest is not None:
            truths = _not_shown(named, truths, tasks, digest, problems)
            contents.setdefault(digest, _Content(named, digest)).add(named.uri, truths, tasks)
            problems.forgive(named.uri, truths)
    for content in contents.values():
        _add_conflicts(content, truth_columns, problems)
    images = [content.labelled for content in contents.values()]
    return [one for one in images if one.truths], problems


def _truths(
    named: Named, tasks: Tasks, columns: Mapping[str, Sequence[str]], problems: LabelProblems
) -> Iterable[tuple[str, Any]]:
    for task, held in columns.items():
        try:
            cells = {column: named.columns.get(column) for column in held}
            truth = read_truth(tasks.task(task).answer, cells)
        except TruthError as error:
            reason = INNER_LABEL if error.inner else UNKNOWN_LABEL
            problems.add(f"{task}: {error}", named.uri, reason=reason, tasks=(task,))
        else:
            if truth is not None:
                yield task, truth


def _not_shown(
    named: Named, truths: Mapping[str, Any], tasks: Tasks, content: str, problems: LabelProblems
) -> dict[str, Any]:
    """The labels of a picture for tasks that do not show it as an example."""
    shown = [task for task in truths if content in tasks.task(task).contents_shown]
    if shown:
        said = f"{' and '.join(shown)}: shown as an example"
        problems.add(said, named.uri, reason=EXAMPLE, tasks=shown)
    return {task: truth for task, truth in truths.items() if task not in shown}


def _digest(named: Named, tasks: Collection[str], problems: LabelProblems) -> str | None:
    """The hash of its content; None where it cannot be read, which these tasks lose it for."""
    files = files_for(named.path)

    def read() -> str:
        known = files.stat(named.path, waits=False).content_hash
        return known or files.content_hash(named.path)

    try:
        return read_patiently(read, named.path, named.uri, LOOK_PATIENCE_S)
    except ImageError as error:
        gone = isinstance(error.__cause__, FileNotFoundError)
        said = error.message.removeprefix(f"{named.uri}: ")
        reason = MISSING if gone else error.reason
        problems.add(f"cannot be read: {said}", named.uri, reason=reason, tasks=tasks)
        return None


def _add_conflicts(
    content: _Content, columns: Mapping[str, Sequence[str]], problems: LabelProblems
) -> None:
    for task, said in content.said.items():
        if len(said) == 1:
            continue
        labels = [shown(label) for label, _ in said]
        example = " and ".join(
            f"{label} of {name}" for label, (_, name) in zip(labels, said, strict=True)
        )
        if len({name for _, name in said}) == 1:
            example = f"{' and '.join(labels)} of {said[0][1]}"
        held = ", ".join(columns[task])
        problem = f"{task}: the same picture has several labels in column {held}"
        problems.add(problem, example, reason=CONFLICTING_LABELS, tasks=(task,))


def check_enough(
    tasks: Iterable[str],
    images: Sequence[LabelledImage],
    problems: LabelProblems,
    reach: Mapping[str, str],
) -> None:
    """Refuse tasks with too few labels to calibrate them; raises InputError.

    `reach` says of some tasks how many images reach them.
    """
    for task in tasks:
        labelled = sum(task in one.truths for one in images)
        if labelled < LEAST_IMAGES:
            have = "image has" if labelled == 1 else "images have"
            raise InputError(
                f"task {task!r}: {labelled} {have} a usable label; at least {LEAST_IMAGES} are "
                f"needed, and hundreds to show anything. "
                f"{' '.join([*filter(None, [reach.get(task)]), *problems.told()])}".strip()
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
        choices = task.answer.choices()
        counts = Counter(
            one.truths[task.name] for one in images if choices and task.name in one.truths
        )
        rare = [label for label in choices if 0 < counts[label] < _FEW]
        if rare:
            told.append(
                f"{task.name}: fewer than {_FEW} images have the label {', '.join(rare)}, so that "
                "their recall says little"
            )
    return told


def manifest_of(names: Iterable[Named]) -> bytes:
    """A manifest (JSON Lines) of exactly these images, with the columns that prompts may use."""
    lines = (json.dumps({**named.columns, "uri": place_of(named)}) for named in names)
    return ("\n".join(lines) + "\n").encode()


def place_of(named: Named) -> str:
    """The name of an image in this manifest, wherever the manifest lies."""
    return named.path if "://" in named.path else str(Path(named.path).absolute())


def columns_of(names: Iterable[Named]) -> tuple[str, ...]:
    """All columns, each once."""
    return tuple(dict.fromkeys(column for name in names for column in name.columns))
