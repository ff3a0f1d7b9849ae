"""AskImages: from shards of images to their answers; reading, shrinking, asking are fused here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

import apache_beam as beam

from tierwise.answering.answer_file import answer_file
from tierwise.answering.asking import Asking
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.recalled_file import recalled_file
from tierwise.records import Answered
from tierwise.transforms.asking_fn import AskedShards, AskingFn, SharedEngine, ask_shards
from tierwise.transforms.shard import Keyed, Shard


class AskImages(beam.PTransform):
    """From shards to Answered records, one per distinct content, and to parts of batch jobs.

    Every answer is in the journal before it leaves. A bundle that is tried again finds there what
    its first attempt paid.
    """

    def __init__(self, engine: SharedEngine) -> None:
        super().__init__()
        self._engine = engine

    def expand(self, shards: beam.PCollection[Shard]) -> AskedShards:
        """Adds the questions to a pipeline."""
        return ask_shards(shards, _AskImagesFn(self._engine))


class _AskImagesFn(AskingFn[Answered]):
    room_of = attrgetter("images")

    def process(self, shard: Shard) -> Iterator[Answered]:
        asked = QuestionsAsked(self.plan.journal.read(shard.name))
        unknown = []
        for keyed in shard.files:
            recalled = recalled_file(keyed.file, keyed.share_key, self.plan.questions, asked)
            if recalled is None:
                unknown.append(keyed)
            else:
                yield self.counted(replace(recalled, parts=keyed.parts))
        try:
            for keyed in unknown:
                window = self.window()
                life = answer_keyed(keyed, window.session, asked)
                yield from map(self.counted, window.add(life, keyed.file.uri))
        finally:
            self.rest()

    def counted(self, result: Answered) -> Answered:
        self.count(result)
        self.count_file()
        return result


async def answer_keyed(keyed: Keyed, session: Asking, asked: QuestionsAsked) -> Answered:
    """Every outcome that a file leads to, for all who wait for it."""
    answered = await answer_file(keyed.file, keyed.share_key, session, asked)
    return replace(answered, parts=keyed.parts)
