"""NameAnswers: every name of the archive gets the answers of its content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import apache_beam as beam

from tierwise.compressed import compress, decompress
from tierwise.journal.recalled import free
from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, NamedPage, Outcome
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, part_of, word_keys
from tierwise.transforms.share_duplicates import share_key

_MOST_TOLD = 3


class NameAnswers(beam.PTransform):
    """From `(files, answered)` to named pages; of names that are twins, one pays."""

    def __init__(self, questions: Questions) -> None:
        super().__init__()
        self._questions = questions

    def expand(
        self, inputs: tuple[beam.PCollection[ImageFile], beam.PCollection[Answered]]
    ) -> beam.PCollection[NamedPage]:
        """Adds the join to a pipeline."""
        files, answered = inputs
        questions = self._questions

        def keyed_file(file: ImageFile) -> tuple[bytes, bytes]:
            return member_key(share_key(file, questions), file.uri), compress(file)

        members = files | "KeyNames" >> beam.Map(keyed_file)
        words = answered | "KeyAnswers" >> beam.FlatMap(_keyed_answers)
        met = (members, words) | "Join" >> MeetCrowd()
        return met | "Name" >> beam.FlatMapTuple(_name_packed)


def _keyed_answers(one: Answered) -> Iterator[tuple[bytes, bytes]]:
    packed = compress(replace(one, share_key="", parts=0))
    for key in word_keys(one.share_key, one.parts or part_of(one.uri)):
        yield key, packed


def _name_packed(key: bytes, met: Iterable[Met]) -> Iterator[NamedPage]:
    del key
    answered, files = apart(met)
    return name_answers(list(map(decompress, answered)), map(decompress, files))


def name_answers(answered: Sequence[Answered], files: Iterable[ImageFile]) -> Iterator[NamedPage]:
    """The pages of one content, however many names it has: they pass, and none is held.

    Raises:
        RuntimeError: the content was answered twice or not at all, which only a bug can do.
    """
    if len(answered) != 1:
        names = ", ".join(file.uri for file in islice(files, _MOST_TOLD))
        raise RuntimeError(f"{names}: {len(answered)} sets of answers where one was expected")
    pages = defaultdict[int, list[Outcome]](list)
    for outcome in answered[0].outcomes:
        pages[outcome.page.number].append(outcome)
    first = answered[0].uri
    for file in files:
        for outcomes in pages.values():
            paid = file.uri == first
            rows = outcomes if paid else [_of_twin(one, first, file.uri) for one in outcomes]
            yield NamedPage(file, tuple(rows))


def _of_twin(outcome: Outcome, first: str, name: str) -> Outcome:
    """The outcome for another name of the content, which pays nothing; a failure speaks of it."""
    outcome = free(outcome)
    if isinstance(outcome, Failure):  # a message begins with the address, which ends with the name
        message = outcome.message.replace(f"{first}: ", f"{name}: ", 1)
        return replace(outcome, message=message)
    return outcome
