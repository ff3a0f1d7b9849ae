"""Counts the groups of an archive for a forecast, and how many of them have been paid."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tierwise.answering.groups import Group, choose_files, group_name
from tierwise.answering.known_group import known_images, required_grouping
from tierwise.forecast.survey import Groups
from tierwise.journal.journal_files import JournalFiles, shard_of
from tierwise.records import ImageFile
from tierwise.storage.listing import Named
from tierwise.surveying.archive_names import ArchiveNames
from tierwise.surveying.identical_files import content_hash
from tierwise.tasks import Task
from tierwise.tasks.grouping import Beyond

_Members = Mapping[str, Sequence[Named]]


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """Where the answers of groups may be, None for nowhere; files that may be read to find out."""

    journal: JournalFiles | None
    sample: int


def survey_groups(
    names: ArchiveNames, task: Task, known: KnownGroups, rng: random.Random
) -> Groups:
    """The groups of a task; a file without a group is not asked about.

    The journal is looked at for a random sample of groups, which stands for the others.
    """
    grouping = required_grouping(task)
    members: dict[str, list[Named]] = defaultdict(list)
    for name in names.named:
        if (group := group_name(name.uri, name.columns, grouping.by)) is not None:
            members[group].append(name)
    if grouping.beyond is Beyond.FAIL:  # those with more are not asked
        members = {name: some for name, some in members.items() if len(some) <= grouping.most}
    groups, files = len(members), sum(min(len(some), grouping.most) for some in members.values())
    paid = _paid(members, task, known, rng)
    return Groups(
        groups=round(groups * names.scale * (1 - paid.of_groups)),
        files=round(files * names.scale * (1 - paid.of_files)),
        paid=round(files * names.scale * paid.of_files),
    )


@dataclass(frozen=True, slots=True)
class _Paid:
    """What share of groups, and of their files, the journal has answers for."""

    of_groups: float = 0.0
    of_files: float = 0.0


def _paid(members: _Members, task: Task, known: KnownGroups, rng: random.Random) -> _Paid:
    if known.journal is None:
        return _Paid()
    groups = list(_sampled(members, task, known.sample, rng))
    files = sum(len(group.files) for group in groups)
    paid = [
        len(group.files)
        for group in groups
        if known_images(group, task, known.journal.read(_shard(group, known.journal)))
    ]
    return _Paid(len(paid) / len(groups), sum(paid) / files) if files else _Paid()


def _shard(group: Group, journal: JournalFiles) -> str:
    return shard_of(group.content_hash, journal.digits)


def _sampled(members: _Members, task: Task, most_files: int, rng: random.Random) -> Iterator[Group]:
    """Groups at random, as many as have so many files together."""
    left = most_files
    for name in rng.sample(sorted(members), len(members)):
        if len(members[name]) <= left:
            left -= len(members[name])
            files = (_file(named) for named in members[name])
            yield Group(task.name, name, choose_files(files, required_grouping(task)))


def _file(named: Named) -> ImageFile:
    return ImageFile(named.uri, named.path, 0, content_hash(named), named.columns)
