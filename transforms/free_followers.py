"""FreeFollowers: pictures whose leader got no answer follow nobody, and are asked themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import apache_beam as beam

from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, Outcome
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
        keyed = {
            "files": following | "KeyByLeader" >> beam.Map(lambda f: (share_key(f, questions), f)),
            "refused": answered | "Refused" >> beam.FlatMap(refused),
        }
        joined = keyed | "JoinRefused" >> beam.CoGroupByKey() | "Free" >> beam.FlatMapTuple(freed)
        return Freed(
            files=(others, joined) | "AllFiles" >> beam.Flatten(),
            freed=joined | "Freed" >> beam.Filter(lambda file: not file.leader),
        )


def refused(answered: Answered) -> Iterator[tuple[str, bool]]:
    """The key of a content that has no answer to some question, and never will."""
    if any(map(_is_final, answered.outcomes)):
        yield answered.share_key, True


def _is_final(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and not (outcome.unasked or outcome.may_pass)


def freed(key: str, group: Mapping[str, Iterable[Any]]) -> Iterator[ImageFile]:
    """The followers of one leader, without it where it was refused."""
    del key
    alone = any(group["refused"])
    for file in group["files"]:
        yield replace(file, leader="") if alone else file
