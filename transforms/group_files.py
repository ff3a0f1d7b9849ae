"""GroupFiles: files that are asked together come together, and each group to its shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from tierwise.answering.groups import Group, choose_files, group_name
from tierwise.journal.journal_files import shard_of
from tierwise.questions import Questions
from tierwise.records import ImageFile
from tierwise.transforms.shard import Shard

# A task's name and a group's.
GroupKey = tuple[str, str]


class GroupFiles(beam.PTransform):
    """From files to shards of groups.

    Two shuffles of names, never of image bytes. Of a group only the files that may be sent go on,
    so that one of millions of files is not a burden.
    """

    def __init__(self, questions: Questions, shard_digits: int) -> None:
        super().__init__()
        self._questions = questions
        self._digits = shard_digits

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Shard]:
        """Adds the shuffles to a pipeline."""
        questions, digits = self._questions, self._digits

        def chosen(key: GroupKey, files: Iterable[ImageFile]) -> tuple[str, Group]:
            group = choose_group(key, files, questions)
            return shard_of(group.content_hash, digits), group

        return (
            files
            | "KeyByGroup" >> beam.FlatMap(keyed_by_group, questions)
            | "GroupByName" >> beam.GroupByKey()
            | "ChooseFiles" >> beam.MapTuple(chosen)
            | "GroupByShard" >> beam.GroupByKey()
            | "OrderGroups" >> beam.MapTuple(order_groups)
        )


def keyed_by_group(file: ImageFile, questions: Questions) -> Iterator[tuple[GroupKey, ImageFile]]:
    """A file under each group that it belongs to, at most one for each task that asks groups."""
    for task in questions.of_groups:
        name = group_name(file.uri, file.columns, task.per.by) if task.per else None
        if name is not None:
            yield (task.name, name), file


def choose_group(key: GroupKey, files: Iterable[ImageFile], questions: Questions) -> Group:
    """The group with the files that may be sent."""
    name, group = key
    grouping = questions.task(name).per
    if grouping is None:
        raise ValueError(f"{name}: asks each image by itself, not groups")
    return Group(name, group, choose_files(files, grouping))


def order_groups(shard: str, groups: Iterable[Group]) -> Shard:
    """The same order however the groups arrive, so that the same one of equal groups pays."""
    return Shard(shard, groups=tuple(sorted(groups, key=lambda one: (one.task, one.name))))
