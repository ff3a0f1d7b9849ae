"""AskWithin: AskGemini under a cap, each shard within its own share of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import apache_beam as beam

from answering.answer_shard import Waiting, answer_shard
from answering.questions_asked import QuestionsAsked
from answering.worst_cases import WorstCases, dearest_request
from gemini_api.billing import Billing
from tierwise.admission import Admission, Purse
from tierwise.records import Answered
from transforms.asking_fn import AskingFn, SharedEngine
from transforms.share_duplicates import Shard

# A shard waits for the slowest reply of each wave; meanwhile others go on.
_SHARDS_IN_FLIGHT = 8


class AskWithin(beam.PTransform):
    """From `(shards, admission)` to Answered records, one per distinct content.

    A bundle that is tried again finds in the journal what its earlier attempts paid, and takes it
    off the shard's share, with the most that requests under way at their ends may have cost.
    """

    def __init__(self, engine: SharedEngine) -> None:
        super().__init__()
        self._engine = engine

    def expand(
        self, inputs: tuple[beam.PCollection[Shard], beam.PCollection[Admission]]
    ) -> beam.PCollection[Answered]:
        """Adds the questions to a pipeline."""
        shards, admission = inputs
        ask = _AskWithinFn(self._engine, _SHARDS_IN_FLIGHT)
        return (
            shards
            | "Ask" >> beam.ParDo(ask, beam.pvalue.AsSingleton(admission))
            | "EachFile" >> beam.FlatMap(lambda answered: answered)
        )


class _AskWithinFn(AskingFn[list[Answered]]):
    def process(self, shard: Shard, admission: Admission) -> Iterator[list[Answered]]:
        today = datetime.now(UTC).date()
        attempts = self.plan.journal.begin(shard.name)
        asked = QuestionsAsked(self.plan.journal.read(shard.name))
        lost = attempts * self.plan.requests_in_flight * dearest_request(self.plan, today)
        share = admission.purses.get(shard.name, 0)
        purse = Purse(max(0, share - asked.recalled.paid - lost))
        worst_cases = WorstCases(self.plan.tasks.of_images, Billing(self.plan.service), today)
        files = [
            Waiting(keyed.file, keyed.share_key, worst_cases.of_file(keyed.file, asked.recalled))
            for keyed in shard.files
        ]
        life = answer_shard(files, asked, self.engine.waves(purse))
        yield from map(self.counted, self.window().add(life, f"shard {shard.name!r}"))

    def counted(self, result: list[Answered]) -> list[Answered]:
        for answered in result:
            self.count(answered)
            self.count_file()
        return result
