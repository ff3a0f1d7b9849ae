"""GroupFiles: files that are asked together come together, and each group to its shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import apache_beam as beam

from tierwise.answering.groups import Group, choose_files, group_name
from tierwise.journal.journal_files import shard_of
from tierwise.questions import Questions
from tierwise.records import ImageFile
from tierwise.transforms.combine_by_key import CombineByKey
from tierwise.transforms.crowd import part_of
from tierwise.transforms.shard import Shard

# Each holds some hundred files at most, and most groups are small.
_GROUPS_AT_A_TIME = 200
_CHOOSE_AT = 200

# A task's name and a group's.
GroupKey = tuple[str, str]


class GroupFiles(beam.PTransform):
    """From files to shards of groups.

    Two shuffles of names, never of image bytes. Of a group only the files that may be sent go on:
    one of millions of files is some of them by the time it crosses the first.
    """

    def __init__(self, questions: Questions, shard_digits: int) -> None:
        super().__init__()
        self._questions = questions
        self._digits = shard_digits

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Shard]:
        """Adds the shuffles to a pipeline."""
        questions, digits = self._questions, self._digits

        def by_shard(_: GroupKey, group: Group) -> tuple[str, Group]:
            return shard_of(group.content_hash, digits), group

        return (
            files
            | "KeyByGroup" >> beam.FlatMap(keyed_by_group, questions)
            | "NameGroup" >> beam.MapTuple(lambda key, file: (key, (key, file)))
            | "ChooseFiles" >> CombineByKey(_ChooseFn(questions), _GROUPS_AT_A_TIME)
            | "KeyByShard" >> beam.MapTuple(by_shard)
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


@dataclass(slots=True)
class _Gathered:
    """Some files of a group, of which only those that may be sent are kept, and where all are."""

    key: GroupKey = ("", "")
    files: list[ImageFile] = field(default_factory=list)
    parts: int = 0


class _ChooseFn(beam.CombineFn):
    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def create_accumulator(self) -> _Gathered:
        return _Gathered()

    def add_input(self, found: _Gathered, named: tuple[GroupKey, ImageFile]) -> _Gathered:
        key, file = named
        found.key = key
        found.parts |= part_of(file.uri)
        self._take(found, [file])
        return found

    def merge_accumulators(self, some: Iterable[_Gathered]) -> _Gathered:
        merged = _Gathered()
        for one in some:
            merged.key = one.key
            merged.parts |= one.parts
            self._take(merged, one.files)
        return merged

    def extract_output(self, found: _Gathered) -> Group:
        return replace(choose_group(found.key, found.files, self._questions), parts=found.parts)

    def _take(self, found: _Gathered, files: Iterable[ImageFile]) -> None:
        found.files.extend(files)
        if len(found.files) > _CHOOSE_AT:
            found.files = list(choose_group(found.key, found.files, self._questions).files)


def order_groups(shard: str, groups: Iterable[Group]) -> Shard:
    """The same order however the groups arrive, so that the same one of equal groups pays."""
    return Shard(shard, groups=tuple(sorted(groups, key=lambda one: (one.task, one.name))))
