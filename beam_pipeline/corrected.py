"""What people have said of pictures, in a file or a manifest, and what may be counted by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tierwise.answering.said_by_people import is_answer
from tierwise.answers.answer_type import AnswerType
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.trials.trial_names import is_trial
from tierwise.counts.corrections import (
    Correction,
    Corrections,
    filled,
    labels_of,
    read_corrections,
    told_by,
)
from tierwise.counts.draw import DRAWN, Drawn
from tierwise.counts.label_studio import lines_of_label_studio
from tierwise.counts.tally import Counting, counting
from tierwise.errors import InputError
from tierwise.evaluation import Judged
from tierwise.journal.people_files import PeopleFiles
from tierwise.json_text import read_json_text
from tierwise.people import NOBODY, Key, People, Word
from tierwise.questions import Questions
from tierwise.storage.files import files_for, join
from tierwise.storage.listing import Input
from tierwise.storage.sheets import read_sheet
from tierwise.tasks import Task

# What is told of people who disagree, and of files that changed.
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Corrected:
    """How labels are counted, None where nothing was labelled at random, and what is told of it.

    `said` are the words of this run's file, `taken_back` what people disagree on there.
    """

    counting: Counting | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[Word, ...] = ()
    taken_back: frozenset[Key] = frozenset()


def corrected_of(
    settings: Settings, questions: Questions, found: Input, judged: Mapping[str, Judged]
) -> Corrected:
    """What the flags, the output and the manifest give.

    Raises:
        InputError: the file cannot be read, or counts are to be told apart and nothing counts.
        JournalError: what people have said before cannot be read.
    """
    asked = {
        task.name: task
        for task in questions.with_rows
        if not task.audit and not is_trial(task.name)
    }
    kinds = {name: task.answer for name, task in asked.items()}
    file, before = Corrections(), NOBODY
    if settings.corrections:
        file = corrections_in(settings.corrections, kinds)
    if settings.output and asked:
        before = PeopleFiles(join(settings.output, "journal")).read()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    words = tuple(replace(one.word, said_at=now) for one in filled(file.said))
    taken_back = frozenset(some[0].key for some in file.disagreements)
    people = before.told(words, taken_back)
    facts = _facts(settings.corrections, file, asked, people) if file.said or any(people) else {}
    corrected = Corrected(None, facts, words, taken_back)
    counted = {
        name: task.answer for name, task in asked.items() if task.answer.options() and not task.per
    }
    truths = {
        name: judged[name].truth[0]
        for name in counted
        if DRAWN in found.columns and name in judged and len(judged[name].truth) == 1
    }
    still = [word for word in people if word.task in counted and _fits(word, counted[word.task])]
    random = {word.task for word in still if word.drawn == Drawn.RANDOM}
    wanted = {name: kind for name, kind in counted.items() if name in random or name in truths}
    by = settings.counts_by or ""
    if by and not wanted:
        raise InputError(
            f"--counts_by={by}: nothing is counted. Counts need labels of pictures that were drawn "
            "at random: --corrections with a filled sheet of tierwise review, or a manifest with a "
            f"column {DRAWN}."
        )
    if not wanted:
        return corrected
    return replace(corrected, counting=counting(wanted, still, truths, by))


def corrections_in(path: str, kinds: Mapping[str, AnswerType]) -> Corrections:
    """What a sheet, or an export of Label Studio, says.

    Raises:
        InputError: it cannot be read, or says what cannot be an answer.
    """
    if path.lower().endswith(".json"):
        try:
            document = read_json_text(files_for(path).read(path))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: is not JSON: {error}.") from error
        return read_corrections(path, *lines_of_label_studio(path, document, kinds), kinds)
    columns, cells = read_sheet(path)
    return read_corrections(path, columns, ((f"line {n}", row) for n, row in cells), kinds)


def _fits(word: Word, kind: AnswerType) -> bool:
    """Whether the labels of a word are the task's still."""
    return set(labels_of(kind, word.value)) <= set(kind.options())


def _facts(
    path: str | None, file: Corrections, asked: Mapping[str, Task], people: People
) -> dict[str, Any]:
    """What `run.json` says of people's words: those in this run's file, and all that stand.

    `random` and `chosen` are lines with an answer by how they were drawn, `empty` those without;
    `said` are all words that stand, `of_groups` and `no_answer` those of them that are about groups
    of pictures, or that no answer of the task can say, such as `none` of one label.
    """
    drawn = Counter(one.drawn for one in file.said if one.answer is not None)
    known = [(word, asked[word.task]) for word in people if word.task in asked]
    return {
        "file": path or "",
        "random": drawn[Drawn.RANDOM],
        "chosen": drawn[Drawn.CHOSEN],
        "empty": sum(one.answer is None for one in file.said),
        "said": len(known),
        "of_groups": sum(bool(task.per) for _, task in known),
        "no_answer": sum(not task.per and not is_answer(word, task) for word, task in known),
        "disagreements": len(file.disagreements),
        "disagree": [_told(some) for some in _first(file.disagreements)],
    }


def _first(some: Sequence[tuple[Correction, ...]]) -> Iterable[tuple[Correction, ...]]:
    return some[:_MOST_TOLD]


def _told(some: tuple[Correction, ...]) -> dict[str, Any]:
    first = some[0]
    return {
        "uri": first.uri,
        "page": first.page,
        "task": first.task,
        "said": [told_by(one) for one in some],
    }
