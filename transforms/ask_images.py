"""AskImages: from shards of images to their answers; reading, shrinking, asking are fused here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

import apache_beam as beam

from tierwise.answering.answer_file import answer_file
from tierwise.answering.asking import Asking
from tierwise.answering.local_ask import LocalAsk
from tierwise.answering.plan import Plan
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.recalled_file import recalled_file
from tierwise.records import Answered
from tierwise.transforms.asking_fn import AskedShards, AskingFn, SharedEngine, ask_shards
from tierwise.transforms.shard import Keyed, Shard

# From the plan and side inputs to how contents meet local models.
LocalOf = Callable[..., LocalAsk]


class AskImages(beam.PTransform):
    """From shards to Answered records, one per distinct content, and to parts of batch jobs.

    Every answer is in the journal before it leaves. A bundle that is tried again finds there what
    its first attempt paid. `local` says, of the plan and what the `sides` hold, how its contents
    meet local models.
    """

    def __init__(
        self,
        engine: SharedEngine,
        local: LocalOf | None = None,
        *sides: beam.PCollection[Any],
    ) -> None:
        super().__init__()
        self._engine = engine
        self._local = local
        self._sides = sides

    def expand(self, shards: beam.PCollection[Shard]) -> AskedShards:
        """Adds the questions to a pipeline."""
        sides = map(beam.pvalue.AsSingleton, self._sides)
        return ask_shards(shards, _AskImagesFn(self._engine, self._local), *sides)


class _AskImagesFn(AskingFn[Answered]):
    room_of = attrgetter("images")

    def __init__(self, engine: SharedEngine, local_of: LocalOf | None) -> None:
        super().__init__(engine)
        self._local_of = local_of

    def process(self, shard: Shard, taught: Any = None, stated: Any = None) -> Iterator[Answered]:
        local = local_ask(self._local_of, self.plan, taught, stated)
        asked = QuestionsAsked(self.plan.journal.read(shard.name))
        unknown = []
        for keyed in shard.files:
            recalled = recalled_file(keyed.file, keyed.share_key, self.plan, asked, local)
            if recalled is None:
                unknown.append(keyed)
            else:
                yield self.counted(replace(recalled, parts=keyed.parts))
        try:
            for keyed in unknown:
                window = self.window()
                life = answer_keyed(keyed, window.session, asked, local)
                yield from map(self.counted, window.add(life, keyed.file.uri))
        finally:
            self.rest()

    def counted(self, result: Answered) -> Answered:
        self.count(result)
        self.count_file()
        return result


def local_ask(local_of: LocalOf | None, plan: Plan, *sides: Any) -> LocalAsk | None:
    """How contents meet local models; those of `sides` that there are not yet are None."""
    return local_of(plan, *(one for one in sides if one is not None)) if local_of else None


async def answer_keyed(
    keyed: Keyed, session: Asking, asked: QuestionsAsked, local: LocalAsk | None = None
) -> Answered:
    """Every outcome that a file leads to, for all who wait for it."""
    answered = await answer_file(keyed.file, keyed.share_key, session, asked, local)
    return replace(answered, parts=keyed.parts)
