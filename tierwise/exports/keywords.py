"""Keywords for photo programs: each label of a picture, below its task and the labels above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tierwise.exports.picture import EMULATED, ExportedRun, Picture, Said
from tierwise.report.task_facts import AskedTask
from tierwise.taxonomy.label import STEP

# Signs that no XML can hold.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_YES, _NO = {"yes", "true"}, {"no", "false"}


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword by its steps, from the task down.

    >>> cat = Keyword(("kind", "animals", "cat/kitten"))
    >>> cat.flat, cat.with_bars, cat.with_slashes
    ('cat/kitten', 'kind|animals|cat/kitten', 'kind/animals/cat|kitten')
    """

    steps: tuple[str, ...]

    @property
    def flat(self) -> str:
        """By itself, as `dc:subject` has it."""
        return self.steps[-1]

    @property
    def with_bars(self) -> str:
        """As `lr:hierarchicalSubject` has it; a bar within a step would be another step."""
        return "|".join(step.replace("|", "/") for step in self.steps)

    @property
    def with_slashes(self) -> str:
        """As `digiKam:TagsList` has it."""
        return with_slashes(self.with_bars)


def with_slashes(path: str) -> str:
    """A path with bars as one with slashes, as Immich reads it.

    >>> with_slashes("a|b/c")
    'a/b|c'
    """
    return path.translate({ord("|"): "/", ord("/"): "|"})


def keywords_of(run: ExportedRun, pages: Iterable[Picture]) -> tuple[Keyword, ...]:
    """Those of a file, of whose pages each may have its own; none twice.

    What an emulator said is marked by a keyword of its own.
    """
    found, emulated = dict[Keyword, None](), False
    for page in pages:
        for task in run.label_tasks:
            if said := page.answers.get(task.name):
                found.update(dict.fromkeys(_of_answer(task, said)))
        emulated |= page.emulated
    if found and emulated:
        return (Keyword(("tierwise", EMULATED)), *found)
    return tuple(found)


def _of_answer(task: AskedTask, said: Said) -> Iterator[Keyword]:
    if _is_yes_or_no(task):  # by itself, neither word says anything of a picture
        if str(said.value).lower() in _YES:
            yield Keyword((task.name,))
        return
    for label, path in zip(said.labels, said.paths, strict=True):
        steps = (label,) if said.path is None else path.split(STEP)
        yield Keyword((task.name, *(_clean(step) or "?" for step in steps)))


def _is_yes_or_no(task: AskedTask) -> bool:
    labels = {label.lower() for label in task.labels}
    return len(labels) == 2 and labels <= _YES | _NO and bool(labels & _YES)


def _clean(step: str) -> str:
    r"""A label on one line, of signs that XML can hold.

    >>> _clean("a\x00 \n b")
    'a b'
    """
    return " ".join(_NOT_IN_XML.sub("", step).split())
