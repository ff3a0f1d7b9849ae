"""AdmitRequests: how much of the cap each shard of the archive may spend."""

from __future__ import annotations

from datetime import UTC, datetime

import apache_beam as beam

from tierwise.accounts.admission import Admission, Cap, Paid, Work, admit
from tierwise.answering.plan import Plan
from tierwise.gemini.billing import Billing
from tierwise.prices.price_day import price_day
from tierwise.scheduling.worst_cases import WorstCases
from tierwise.transforms.shard import Shard


class AdmitRequests(beam.PTransform):
    """From shards to one Admission, before anything is asked.

    Each shard's journal is read for what is left to ask; `paid_before` is what `SumJournal` found,
    `spent` what this run has spent on other contents already (nano-dollars), None for nothing.
    """

    def __init__(
        self,
        plan: Plan,
        cap: Cap,
        paid_before: beam.PCollection[Paid],
        spent: beam.PCollection[int] | None = None,
    ) -> None:
        super().__init__()
        self._paid_before = paid_before
        self._spent = () if spent is None else (beam.pvalue.AsSingleton(spent),)
        self._plan = plan
        self._cap = cap

    def expand(self, shards: beam.PCollection[Shard]) -> beam.PCollection[Admission]:
        """Adds the sums to a pipeline."""
        plan = self._plan
        work = shards | "WeighShards" >> beam.Map(lambda shard: (shard.name, work_of(shard, plan)))
        return (
            shards.pipeline
            | "NameCap" >> beam.Create([self._cap])
            | "Admit"
            >> beam.Map(
                admit,
                beam.pvalue.AsSingleton(self._paid_before, default_value=Paid()),
                beam.pvalue.AsDict(work),
                *self._spent,
            )
        )


def work_of(shard: Shard, plan: Plan) -> Work:
    """What is left to ask of a shard, seen from the runs before this one."""
    recalled = plan.journal.read(shard.name, earlier_only=True)
    today = price_day(datetime.now(UTC))
    worst_cases = WorstCases(plan.questions, Billing(plan.service), today)
    costs = [worst_cases.of_file(keyed.file, recalled) for keyed in shard.files]
    costs += [worst_cases.of_group(group, recalled) for group in shard.groups]
    return sum((Work(cost, 1) for cost in costs if cost), Work())
