"""AskGroups: from shards of groups to their answers."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

import apache_beam as beam

from tierwise.answering.answer_group import answer_group
from tierwise.answering.groups import AnsweredGroup
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.transforms.asking_fn import AskedShards, AskingFn, SharedEngine, ask_shards
from tierwise.transforms.shard import Shard


class AskGroups(beam.PTransform):
    """From shards to answered groups, and to parts; the engine is that of the images' questions.

    Every answer is in the journal before it leaves. A bundle that is tried again finds there what
    its first attempt paid.
    """

    def __init__(self, engine: SharedEngine) -> None:
        super().__init__()
        self._engine = engine

    def expand(self, shards: beam.PCollection[Shard]) -> AskedShards:
        """Adds the questions to a pipeline."""
        return ask_shards(shards, _AskGroupsFn(self._engine))


class _AskGroupsFn(AskingFn[AnsweredGroup]):
    room_of = attrgetter("groups")

    def process(self, shard: Shard) -> Iterator[AnsweredGroup]:
        window = self.window()
        asked = QuestionsAsked(self.plan.journal.read(shard.name))
        try:
            for group in shard.groups:
                life = answer_group(group, window.session, asked)
                name = f"{group.task} of the group {group.name}"
                yield from map(self.counted, window.add(life, name))
        finally:
            self.rest()

    def counted(self, result: AnsweredGroup) -> AnsweredGroup:
        self.count_group(result)
        return result
