"""What every form is made of: the facts of a run, and its pictures, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.records import Scalar
from tierwise.report.task_facts import AskedTask

EMULATED = "EMULATED"


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """A run as its exports tell of it.

    `columns` are the manifest's, and `answers` and `reasons` those of each task, as `wide` names
    them. `trees` are the tasks whose labels have a path. `models` are the versions that answered.
    Names of pictures start at `relative_to`.
    """

    run_id: str
    version: str
    ended_at: str
    emulated: bool
    relative_to: str
    tasks: tuple[AskedTask, ...]
    columns: tuple[str, ...]
    answers: Mapping[str, str]
    reasons: Mapping[str, str]
    trees: frozenset[str]
    models: tuple[str, ...]

    @property
    def label_tasks(self) -> tuple[AskedTask, ...]:
        """Those whose answers are labels."""
        return tuple(task for task in self.tasks if task.answers in (OneLabel, SeveralLabels))

    @property
    def told_models(self) -> str:
        """Who answered, in one line; what an emulator said begins with `EMULATED`.

        >>> run = ExportedRun("", "", "", True, "", (), (), {}, {}, frozenset(), ("a", "b"))
        >>> run.told_models
        'EMULATED a + b'
        """
        models = " + ".join(self.models) or "nobody"
        return f"{EMULATED} {models}" if self.emulated else models


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of one task about one picture.

    `value` is typed: a text, a list of labels, a dict. `path` is that of the label in its taxonomy,
    or a list of them; None where there is no tree. `score` is from 0 to 1, None where nobody
    gave one.
    """

    value: Any
    label_id: str | list[str | None] | None
    path: str | list[str] | None
    model_version: str | None
    answered_by: str | None
    service: str | None
    score: float | None

    @property
    def labels(self) -> Sequence[str]:
        """The labels of an answer that is one, or several."""
        return (self.value,) if isinstance(self.value, str) else self.value

    @property
    def paths(self) -> Sequence[str]:
        """The path of each of them; the label itself where it has none."""
        if self.path is None:
            return self.labels
        return (self.path,) if isinstance(self.path, str) else self.path


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a task has no answer about a picture."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One page of one file, with all that is known of it; `columns` are the manifest's cells.

    Width and height are in px, None where it was never opened. `emulated` says that an emulator
    gave at least one of the answers, or in a run that it alone was asked in, would have.
    """

    uri: str
    page: int
    content_hash: str | None
    bytes: int | None
    width: int | None
    height: int | None
    format: str | None
    columns: Mapping[str, Scalar]
    answers: Mapping[str, Said]
    missing: Mapping[str, Missing]
    emulated: bool

    @property
    def name(self) -> str:
        """What tells it from others: the page is said from the second on."""
        return self.uri if self.page == 1 else f"{self.uri}#{self.page}"
