"""FindSpoken: where people's words have come to, and files that are no longer what they saw."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import apache_beam as beam

from tierwise.answerer import AnsweredBy
from tierwise.journal.journal_files import JournalFiles
from tierwise.people import seen_at
from tierwise.records import Answer, NamedOutcome


class Spoken(NamedTuple):
    """How many pictures and tasks people have answered, and names whose content has changed."""

    applied: beam.PCollection[int]
    changed: beam.PCollection[str]


class FindSpoken(beam.PTransform):
    """From named outcomes to what became of people's words; a picture counts once per task.

    The `changed` are those that this run's `--corrections` speak of. It may name a file by its
    whole address, which begins with `relative_to`.
    """

    def __init__(self, journal: JournalFiles, relative_to: str) -> None:
        super().__init__()
        self._journal = journal
        self._relative_to = relative_to

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> Spoken:
        """Adds the search to a pipeline."""
        find_changed = _FindChangedFn(self._journal, self._relative_to)
        return Spoken(
            applied=rows
            | "ByPeople" >> beam.FlatMap(answered_by_people)
            | "EachOnce" >> beam.Distinct()
            | "CountSpoken" >> beam.combiners.Count.Globally(),
            changed=rows | "Changed" >> beam.ParDo(find_changed) | "Once" >> beam.Distinct(),
        )


def answered_by_people(row: NamedOutcome) -> Iterator[bytes]:
    """What stands for a picture and a task that people have answered."""
    outcome = row.outcome
    if isinstance(outcome, Answer) and outcome.answered_by is AnsweredBy.HUMAN:
        said = f"{row.file.content_hash}/{outcome.page.number}/{outcome.task}"
        yield hashlib.blake2b(said.encode(), digest_size=16).digest()


class _FindChangedFn(beam.DoFn):
    def __init__(self, journal: JournalFiles, relative_to: str) -> None:
        self._journal = journal
        self._relative_to = relative_to
        self._places: dict[str, set[str]] = {}

    def setup(self) -> None:
        self._places = seen_at(self._journal.people(), self._journal.run_id, self._relative_to)

    def process(self, row: NamedOutcome) -> Iterator[str]:
        contents = self._places.get(row.file.uri)
        if contents is not None and row.file.content_hash not in contents:
            yield row.file.uri
