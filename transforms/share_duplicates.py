"""ShareDuplicates: one image per content goes on; its twins wait for its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import apache_beam as beam

from tierwise.journal.journal_files import shard_of
from tierwise.questions import Questions
from tierwise.records import ImageFile, Scalar
from tierwise.scheduling.wanted import of_file
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import FILENAME
from tierwise.transforms.combine_by_key import CombineHere, Reduce
from tierwise.transforms.crowd import part_of
from tierwise.transforms.shard import Keyed, Shard


class ShareDuplicates(beam.PTransform):
    """From files to shards that name each content once.

    The only shuffle before the questions: names and small records cross it, never image bytes.
    """

    def __init__(self, questions: Questions, shard_digits: int, order_by: str = "") -> None:
        super().__init__()
        self._questions = questions
        self._digits = shard_digits
        self._order_by = order_by

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Shard]:
        """Adds the shuffle to a pipeline."""
        questions, digits, first = self._questions, self._digits, FirstName(self._order_by)

        def keyed(file: ImageFile) -> tuple[str, Keyed]:
            key = share_key(file, questions)
            return key, Keyed(key, file)

        def by_shard(key: str, one: Keyed) -> tuple[str, Keyed]:
            return shard_of(one.file.leader or one.file.content_hash or key, digits), one

        return (
            files
            | "KeyByContent" >> beam.Map(keyed)
            | "KeepFirstHere" >> CombineHere(Reduce(first))
            | "KeyByShard" >> beam.MapTuple(by_shard)
            | "GroupByShard" >> beam.GroupByKey()
            | "KeepOneOfEach" >> beam.MapTuple(keep_one_of_each, first=first)
        )


def share_key(file: ImageFile, questions: Questions) -> str:
    """The content, or that of its leader, and the values of this name that its questions depend on.

    A file that could not be read has no twins.
    """
    if not file.content_hash:
        return "unread:" + hashlib.sha256(file.uri.encode()).hexdigest()
    content, values = file.leader or file.content_hash, _values_asked(file, questions)
    if not values:
        return content
    return f"{content}+{hashlib.sha256(repr(values).encode()).hexdigest()[:16]}"


def _values_asked(file: ImageFile, questions: Questions) -> list[tuple[str, Scalar]]:
    """What the prompts say about this name, beyond its content."""
    values = [(column, file.columns.get(column)) for column in questions.manifest_columns]
    if any(FILENAME in used_variables(task.prompt) for task in questions.tasks):
        values.append((FILENAME, file.name))
    return values


@dataclass(frozen=True, slots=True)
class FirstName:
    """Of names of one content, the first in alphabetical order stands for all of them.

    With a column to order by, it is the first of the most wanted ones. It is never that of a
    follower, which is not asked, nor one that could not be read where another could.
    """

    order_by: str = ""

    def __call__(self, one: Keyed, other: Keyed) -> Keyed:
        """The name that stands for both, and the parts of their crowd that both are in."""
        first = one if self._stands_before(one.file, other.file) else other
        return replace(first, parts=parts_of(one) | parts_of(other))

    def _stands_before(self, one: ImageFile, other: ImageFile) -> bool:
        if bool(one.leader) != bool(other.leader):
            return not one.leader
        if bool(one.problem) != bool(other.problem):
            return not one.problem
        ours, theirs = of_file(one, self.order_by), of_file(other, self.order_by)
        return ours > theirs or (ours == theirs and one.uri < other.uri)


def parts_of(one: Keyed) -> int:
    """The parts of their crowd that all names of a content are in."""
    return one.parts or part_of(one.file.uri)


def keep_one_of_each(shard: str, files: Iterable[Keyed], first: FirstName = FirstName()) -> Shard:
    """The name of each content that stands for all."""
    kept: dict[str, Keyed] = {}
    for keyed in files:
        before = kept.get(keyed.share_key)
        kept[keyed.share_key] = first(before, keyed) if before else keyed
    return Shard(shard, tuple(kept[key] for key in sorted(kept)))
