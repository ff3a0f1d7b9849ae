"""SplitRoles: the contents that learn, those that examine, and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import apache_beam as beam

from tierwise.journal.journal_files import JournalFiles
from tierwise.local.roles import Role, Roles
from tierwise.local.statement import Counts
from tierwise.transforms.shard import Shard

_COUNTS = "counts"


class ByRole(NamedTuple):
    """Shards of each role, and one Counts of all distinct contents that can be read."""

    learn: beam.PCollection[Shard]
    exam: beam.PCollection[Shard]
    rest: beam.PCollection[Shard]
    counts: beam.PCollection[Counts]


class SplitRoles(beam.PTransform):
    """From shards of images to those of each role; a file without content is of the rest."""

    def __init__(self, roles: Roles, journal: JournalFiles) -> None:
        super().__init__()
        self._roles = roles
        self._journal = journal

    def expand(self, shards: beam.PCollection[Shard]) -> ByRole:
        """Adds the step to a pipeline."""
        split = beam.FlatMap(split_shard, roles=self._roles, journal=self._journal)
        outputs = shards | "Split" >> split.with_outputs(*Role, _COUNTS)
        counts = outputs[_COUNTS] | "Count" >> beam.CombineGlobally(_sum)
        return ByRole(outputs[Role.LEARN], outputs[Role.EXAM], outputs[Role.REST], counts)


def split_shard(
    shard: Shard, roles: Roles, journal: JournalFiles
) -> Iterator[beam.pvalue.TaggedOutput]:
    """The parts of a shard that there are, and how many contents it has of each role.

    All names of a content are in one shard, so that its contents are counted here. What people
    spoke of before there were roles does not count, and is neither learnt from nor examined. What
    they spoke of later keeps its part, for they may have chosen it by what it was answered: an exam
    without its worst pictures would prove nothing.
    """
    people = journal.people()
    left = {
        content
        for content in {one.file.content_hash for one in shard.files} & set(people.words)
        if any(word.since <= roles.since for word in people.words[content].values())
    }

    def role_of(content_hash: str) -> Role:
        if not content_hash or content_hash in left:
            return Role.REST
        return roles.role_of(content_hash)

    by_role = {
        role: tuple(one for one in shard.files if role_of(one.file.content_hash) is role)
        for role in Role
    }
    for role, files in by_role.items():
        if files:
            yield beam.pvalue.TaggedOutput(role, replace(shard, files=files))
    contents = {one.file.content_hash for one in shard.files if one.file.content_hash}
    found = Counter(role_of(content) for content in contents - left)
    counts = Counts(found[Role.LEARN], found[Role.EXAM], found[Role.REST])
    yield beam.pvalue.TaggedOutput(_COUNTS, counts)


def _sum(some: Iterable[Counts]) -> Counts:
    return sum(some, Counts())
