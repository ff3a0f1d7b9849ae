"""What people say of pictures, line by line of a sheet: read, or refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.truths import TruthError, read_truth
from tierwise.answers.written_words import NONE_FITS, none_fits
from tierwise.counts.draw import DRAWN, Drawn
from tierwise.errors import InputError
from tierwise.people import Key, Word
from tierwise.shown import shown, suggestion
from tierwise.spreadsheets import unguarded

TASK, ANSWER, SEED = "task", "answer", "seed"
COLUMNS = ("uri", "page", "content_hash", TASK, ANSWER, "by", DRAWN)
_NEEDED = tuple(name for name in COLUMNS if name != "by")
# Where it stands in its file, and its cells.
Line = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Correction:
    """One line: `answer` is typed, () where no label fits and None where nobody has said it yet.

    `where` it stands is for messages. `seed` is that of the draw, None where none is told.
    """

    where: str
    uri: str
    page: int
    content_hash: str
    task: str
    answer: Any
    by: str
    drawn: Drawn
    seed: int | None

    @property
    def key(self) -> Key:
        """The picture and the task that it is about."""
        return self.content_hash, self.page, self.task

    @property
    def word(self) -> Word:
        """What the journal keeps of it; for one that says something."""
        told = (self.content_hash, self.page, self.task, self.answer, self.by)
        return Word(*told, drawn=self.drawn, seed=self.seed, uri=self.uri)


@dataclass(frozen=True, slots=True)
class Corrections:
    """What one file says: one for each picture and task, and those on which people disagree.

    These say different things of one picture and task by different people, and are left out.
    """

    said: tuple[Correction, ...] = ()
    disagreements: tuple[tuple[Correction, ...], ...] = ()


def read_corrections(
    path: str, columns: Sequence[str], lines: Iterable[Line], kinds: Mapping[str, AnswerType]
) -> Corrections:
    """The lines of a sheet.

    Args:
        path: for messages.
        columns: of its first line.
        lines: where each stands in the file, and its cells.
        kinds: the answers that each task can have.

    Raises:
        InputError: a column is missing, a cell cannot be read, or somebody contradicts themselves.
    """
    if missing := [name for name in _NEEDED if name not in columns]:
        raise InputError(
            f"{path}: has no column {missing[0]}. Its columns must be {', '.join(COLUMNS)}; it has "
            f"{', '.join(columns) or 'none'}."
        )
    read = (
        _read(path, where, cells, kinds)
        for where, row in lines
        if any((cells := _plain(row)).values())
    )
    return _settled(path, read)


def _plain(row: Mapping[str, str]) -> dict[str, str]:
    return {name: str(unguarded(cell.strip())) for name, cell in row.items()}


def _settled(path: str, read: Iterable[Correction]) -> Corrections:
    said: dict[Key, Correction] = {}
    others: dict[Key, list[Correction]] = {}
    for one in read:
        before = said.get(one.key)
        if before and None not in (before.answer, one.answer) and before.answer != one.answer:
            if before.by == one.by:
                raise InputError(
                    f"{path}: {before.where} and {one.where} say different things about the same "
                    f"picture and task: {_told(before)} and {_told(one)}. Keep one of them."
                )
            others.setdefault(one.key, []).append(one)
        elif before is None or before.answer is None or _outranks(one, before):
            said[one.key] = one
    disagreements = tuple((said.pop(key), *some) for key, some in others.items())
    return Corrections(tuple(said.values()), disagreements)


def _outranks(one: Correction, before: Correction) -> bool:
    """A label of a picture that was drawn at random counts, whoever chose it besides."""
    return one.answer is not None and one.drawn is Drawn.RANDOM and before.drawn is not Drawn.RANDOM


def _read(
    path: str, place: str, cells: Mapping[str, str], kinds: Mapping[str, AnswerType]
) -> Correction:
    where = f"{path}: {place}"

    def filled(name: str) -> str:
        if cell := cells.get(name, ""):
            return cell
        raise InputError(f"{where}: {name} is empty. Fill it in as it was, or delete the line.")

    task = filled(TASK)
    if task not in kinds:
        raise InputError(
            f"{where}: task={task!r}: there is no such task. {suggestion(task, kinds, 'tasks')}"
        )
    drawn = filled(DRAWN).casefold()
    if drawn not in set(Drawn):
        raise InputError(
            f"{where}: {DRAWN}={drawn!r}: must be random (tierwise drew the picture) or chosen "
            "(somebody picked it)."
        )
    return Correction(
        where=place,
        uri=filled("uri"),
        page=_number(where, "page", filled("page"), 1),
        content_hash=filled("content_hash"),
        task=task,
        answer=_answer(where, task, kinds[task], cells.get(ANSWER, "")),
        by=cells.get("by", ""),
        drawn=Drawn(drawn),
        seed=_number(where, SEED, cells[SEED], 0) if cells.get(SEED) else None,
    )


def _number(where: str, name: str, cell: str, least: int) -> int:
    if cell.isascii() and cell.isdigit() and int(cell) >= least:
        return int(cell)
    raise InputError(f"{where}: {name}={cell!r}: must be a whole number, at least {least}.")


def _answer(where: str, task: str, kind: AnswerType, cell: str) -> Any:
    if not cell:
        return None
    if none_fits(kind.options(), cell):
        return ()
    try:
        return read_truth(kind, {ANSWER: cell})
    except TruthError as error:
        none = f" Where no label fits, write {NONE_FITS}." if kind.options() else ""
        why = str(error).rstrip(".")
        raise InputError(f"{where}: {ANSWER}={cell!r}: task {task!r}: {why}.{none}") from error


def _told(one: Correction) -> str:
    return shown(one.answer) if one.answer != () else NONE_FITS


def told_by(one: Correction) -> dict[str, str]:
    """Who said what, and where, for `run.json`."""
    return {"answer": written_answer(one), "by": one.by, "where": one.where}


def written_answer(one: Correction) -> str:
    """What stands in the sheet for an answer that was read from one."""
    if one.answer is None:
        return ""
    if one.answer == ():
        return NONE_FITS
    return one.answer if isinstance(one.answer, str) else json.dumps(one.answer, ensure_ascii=False)


def labels_of(kind: AnswerType, answer: Any) -> tuple[str, ...]:
    """The labels that an answer names; none where no label fits."""
    return () if answer == () else kind.picked(answer)


def filled(corrections: Iterable[Correction]) -> Iterator[Correction]:
    """Those in which somebody has said something."""
    return (one for one in corrections if one.answer is not None)
