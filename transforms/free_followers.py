"""FreeFollowers: pictures whose leader got no answer follow nobody, and are asked themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import apache_beam as beam

from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, Outcome
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, word_keys
from tierwise.transforms.share_duplicates import share_key


class Freed(NamedTuple):
    """All files, and those of them that no longer follow."""

    files: beam.PCollection[ImageFile]
    freed: beam.PCollection[ImageFile]


class FreeFollowers(beam.PTransform):
    """From `(files, answered)` to files; leaders that a later run asks again keep theirs."""

    def __init__(self, questions: Questions) -> None:
        super().__init__()
        self._questions = questions

    def expand(
        self, inputs: tuple[beam.PCollection[ImageFile], beam.PCollection[Answered]]
    ) -> Freed:
        """Adds the join to a pipeline."""
        files, answered = inputs
        questions = self._questions
        others = files | "Others" >> beam.Filter(lambda file: not file.leader)
        following = files | "Following" >> beam.Filter(lambda file: file.leader)

        def by_leader(file: ImageFile) -> tuple[bytes, ImageFile]:
            return member_key(share_key(file, questions), file.uri), file

        members = following | "KeyByLeader" >> beam.Map(by_leader)
        words = answered | "Refused" >> beam.FlatMap(refused)
        met = (members, words) | "JoinRefused" >> MeetCrowd()
        joined = met | "Free" >> beam.FlatMapTuple(freed)
        return Freed(
            files=(others, joined) | "AllFiles" >> beam.Flatten(),
            freed=joined | "Freed" >> beam.Filter(lambda file: not file.leader),
        )


def refused(answered: Answered) -> Iterator[tuple[bytes, bool]]:
    """Where those wait that follow a content without an answer to some question for good."""
    if any(map(_is_final, answered.outcomes)):
        for key in word_keys(answered.share_key, answered.parts):
            yield key, True


def _is_final(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and not (outcome.unasked or outcome.may_pass)


def freed(key: bytes, met: Iterable[Met]) -> Iterator[ImageFile]:
    """The followers of one leader, without it where it was refused."""
    del key
    alone, files = apart(met)
    for file in files:
        yield replace(file, leader="") if alone else file
