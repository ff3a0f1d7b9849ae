"""What the archive adds up to, label by label: pictures answered with it, and people's labels.

A picture counts once, under however many names. Sums can be added in any order, so that workers
share the archive; only labels of pictures that were drawn at random are among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.comparing import cell_text
from tierwise.answers.truths import TruthError, read_truth
from tierwise.counts.corrections import labels_of
from tierwise.counts.draw import DRAWN, Drawn, draw_number, is_counted, is_random
from tierwise.people import Word
from tierwise.records import Answer, Record, Scalar, of_model
from tierwise.records import NamedOutcome as Row


@dataclass(frozen=True, slots=True, order=True)
class CountKey:
    """A label of a task, among pictures with a value in the column that counts are told apart by.

    An empty label stands for all pictures of the task, an empty value for the whole archive; one
    that the manifest leaves empty is not told apart.
    """

    task: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class CountTotals:
    """Pictures, and of those that people labelled: how many, with the label, and found.

    Of a label, `answered` have it as their answer, `labelled` are those of these that people
    labelled, and `found` those that people gave it too; `having` counts all that people gave it,
    whatever the answer. Without a label, `answered` and `labelled` are all there are, `due` those
    that the draw has come to and nobody has labelled, and `unclear` those whose labels in the
    manifest are none of the task's, contradict each other, or speak of several pages at once;
    `applied` are those whose labels come from a sheet of corrections, and `unpaired` those of the
    labelled whose answer by the model nobody knows.
    """

    answered: int = 0
    labelled: int = 0
    found: int = 0
    having: int = 0
    due: int = 0
    unclear: int = 0
    applied: int = 0
    unpaired: int = 0

    def __add__(self, other: CountTotals) -> CountTotals:
        return CountTotals(
            self.answered + other.answered,
            self.labelled + other.labelled,
            self.found + other.found,
            self.having + other.having,
            self.due + other.due,
            self.unclear + other.unclear,
            self.applied + other.applied,
            self.unpaired + other.unpaired,
        )


CountRow = tuple[CountKey, CountTotals]


@dataclass(frozen=True, slots=True)
class CountedName(Record):
    """What a row says that counts: an answer's labels, and those that people gave.

    `value` is that of the column that counts are told apart by. `said` is None where nobody said
    anything, `due` says that the draw has come to this picture, `unclear` that what a manifest says
    cannot be taken, `corrected` that a sheet of corrections said it. Where people answered before a
    model was asked, it is `unpaired`: nobody knows what the model would have said.
    """

    task: str
    value: str
    answered: tuple[str, ...]
    said: tuple[str, ...] | None
    due: bool = False
    unclear: bool = False
    corrected: bool = False
    unpaired: bool = False


@dataclass(frozen=True, slots=True)
class Counting:
    """What is counted, and by whose labels.

    `kinds` are the tasks with labels; `truths` are columns of a manifest whose rows say that they
    were drawn at random; `by` is the column that counts are told apart by, empty for none.
    `labels` are people's by content, page and task, `drawn` the seeds and the last numbers to which
    people have labelled, by task.
    """

    kinds: Mapping[str, AnswerType]
    labels: Mapping[tuple[str, int, str], tuple[str, ...]] = field(default_factory=dict)
    drawn: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    truths: Mapping[str, str] = field(default_factory=dict)
    by: str = ""

    def name_of(self, row: Row) -> CountedName | None:
        """What a row adds; None where it is no picture of a task that is counted."""
        file, outcome = row.file, row.outcome
        model = of_model(outcome)
        kind = self.kinds.get(outcome.task)
        reason = None if isinstance(outcome, Answer) else str(outcome.reason)
        if kind is None or not is_counted(file.content_hash, reason):
            return None
        page = outcome.page.number
        said = self.labels.get((file.content_hash, page, outcome.task))
        unclear, corrected = False, said is not None
        if said is None and (column := self.truths.get(outcome.task)):
            said, unclear = _of_manifest(kind, column, file.columns, outcome.page.pages)
        due = any(
            draw_number(seed, file.content_hash, page) <= last
            for seed, last in self.drawn.get(outcome.task, ())
        )
        value = file.columns.get(self.by) if self.by else None
        return CountedName(
            task=outcome.task,
            value="" if value in (None, "") else cell_text(value),
            answered=kind.picked(model.value) if isinstance(model, Answer) else (),
            said=said,
            due=due,
            unclear=unclear,
            corrected=corrected,
            unpaired=model is None,
        )


def counting(
    kinds: Mapping[str, AnswerType],
    words: Iterable[Word],
    truths: Mapping[str, str],
    by: str,
) -> Counting:
    """What these words and columns allow to count; those that were chosen have no say."""
    labels: dict[tuple[str, int, str], tuple[str, ...]] = {}
    last: dict[str, dict[int, int]] = {}
    for one in words:
        if one.drawn != Drawn.RANDOM or one.task not in kinds:
            continue
        labels[one.key] = labels_of(kinds[one.task], one.value)
        if one.seed is not None:
            number = draw_number(one.seed, one.content_hash, one.page)
            seeds = last.setdefault(one.task, {})
            seeds[one.seed] = max(number, seeds.get(one.seed, 0))
    drawn = {task: tuple(seeds.items()) for task, seeds in last.items()}
    return Counting(kinds, labels, drawn, truths, by)


def _of_manifest(
    kind: AnswerType, column: str, cells: Mapping[str, Scalar], pages: int
) -> tuple[tuple[str, ...] | None, bool]:
    """The labels of a row that was drawn at random, and whether they cannot be taken."""
    if not is_random(cells.get(DRAWN)):
        return None, False
    try:
        truth = read_truth(kind, {column: cells.get(column)})
    except TruthError:
        return None, True
    if truth is None:
        return None, False
    return (None, True) if pages > 1 else (kind.picked(truth), False)


def picture_counts(names: Iterable[CountedName]) -> Iterator[CountRow]:
    """What one picture adds under all its names: to the archive, and to each value that it has."""
    by_value: dict[str, list[CountedName]] = {}
    every: list[CountedName] = []
    for name in names:
        for some in (every, by_value.setdefault(name.value, [])):
            if name not in some:
                some.append(name)
    yield from counts_of([replace(name, value="") for name in every])
    for value, some in by_value.items():
        if value:
            yield from counts_of(some)


def note_names(
    counting: Counting, row: Row, names: dict[tuple[str, int, str], list[CountedName]]
) -> None:
    """Note what a row adds, where all rows are in memory."""
    if name := counting.name_of(row):
        names[row.file.content_hash, row.outcome.page.number, row.outcome.task].append(name)


def summed(pictures: Iterable[Iterable[CountedName]]) -> dict[CountKey, CountTotals]:
    """What pictures add up to, each under all its names."""
    found: dict[CountKey, CountTotals] = {}
    for names in pictures:
        for key, totals in picture_counts(names):
            found[key] = found.get(key, CountTotals()) + totals
    return found


def counts_of(names: Collection[CountedName]) -> Iterator[CountRow]:
    """What one picture adds to the count of a value, or of the archive, that all its names have."""
    # Twins may have been asked apart.
    first = min(names, key=lambda name: (name.unpaired, name.answered))
    task, value, answered = first.task, first.value, set(first.answered)
    labels = {frozenset(name.said) for name in names if name.said is not None}
    said = next(iter(labels)) if len(labels) == 1 else None
    unclear = len(labels) > 1 or (said is None and any(name.unclear for name in names))
    labelled = said is not None
    yield (
        CountKey(task, value, ""),
        CountTotals(
            answered=1,
            labelled=int(labelled),
            due=int(first.due and not labelled),
            unclear=int(unclear),
            applied=int(labelled and any(name.corrected for name in names)),
            unpaired=int(labelled and first.unpaired),
        ),
    )
    for label in sorted(answered | (said or set())):
        has = said is not None and label in said
        hit = label in answered
        yield (
            CountKey(task, value, label),
            CountTotals(int(hit), int(hit and labelled), int(hit and has), int(has)),
        )
