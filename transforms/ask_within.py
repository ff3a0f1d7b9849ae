"""AskWithin: AskImages and AskGroups under a cap, each shard within its own share of it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, TypedDict

import apache_beam as beam

from tierwise.accounts.admission import Admission, Cap, Paid, Purse
from tierwise.answering.answer_group import answer_group
from tierwise.answering.groups import AnsweredGroup, Group
from tierwise.answering.local_ask import LocalAsk
from tierwise.answering.plan import Plan
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.batches.part import Part
from tierwise.gemini.billing import Billing
from tierwise.journal.attempts import begin_attempt, under_way_before
from tierwise.prices.price_day import price_day
from tierwise.records import Answered
from tierwise.scheduling.answer_shard import AnsweredShard, Waiting, answer_shard
from tierwise.scheduling.tally import TALLY
from tierwise.scheduling.wanted import ranks
from tierwise.scheduling.waves import Waves
from tierwise.scheduling.worst_cases import WorstCases
from tierwise.transforms.admit_requests import AdmitRequests
from tierwise.transforms.ask_images import LocalOf, answer_keyed, local_ask
from tierwise.transforms.asking_fn import AskingFn, SharedEngine, ask_shards
from tierwise.transforms.shard import Keyed, Shard, contents_of, merge_shards


class AskedWithin(TypedDict):
    """What became of images and of groups, how the cap was shared out, and parts of batch jobs."""

    images: beam.PCollection[Answered]
    groups: beam.PCollection[AnsweredGroup]
    admissions: beam.PCollection[Admission]
    parts: beam.PCollection[Part] | None


class AskWithin(beam.PTransform):
    """From shards of images, of groups or of both to answers, one per distinct content or group.

    `before` is what `SumJournal` found. Images and groups of a shard have one purse. A bundle that
    is tried again finds in the journal what its earlier attempts paid, and takes it off the purse,
    with the worst case of each request that they had under way. An earlier attempt that goes on all
    the same sends nothing more.
    """

    def __init__(
        self,
        engine: SharedEngine,
        cap: Cap,
        before: beam.PCollection[Paid],
        local: Locally | None = None,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._cap = cap
        self._spent_before = before
        self._local = local or Locally()

    def expand(self, kinds: Sequence[beam.PCollection[Shard]]) -> AskedWithin:
        """Adds the questions to a pipeline."""
        plan = self._engine.plan
        shards = (
            tuple(kinds)
            | "BothKinds" >> beam.Flatten()
            | "KeyByName" >> beam.Map(lambda shard: (shard.name, shard))
            | "GroupByName" >> beam.GroupByKey()
            | "MergeShards" >> beam.MapTuple(merge_shards)
        )
        local = self._local
        admit = AdmitRequests(plan, self._cap, self._spent_before, local.spent)
        admissions = shards | "AdmitRequests" >> admit
        ask = _AskWithinFn(self._engine, local.of)
        sides = map(beam.pvalue.AsSingleton, (admissions, *local.sides))
        answered, parts = ask_shards(shards, ask, *sides)
        return AskedWithin(
            images=answered | "EachFile" >> beam.FlatMap(lambda shard: shard.files),
            groups=answered | "EachGroup" >> beam.FlatMap(lambda shard: shard.groups),
            admissions=admissions,
            parts=parts,
        )


@dataclass(frozen=True, slots=True)
class Locally:
    """How the contents of shards meet local models, and what this run spent on others before them.

    `of` says it of the plan and what the `sides` hold; `spent` are nano-dollars at worst.
    """

    of: LocalOf | None = None
    sides: tuple[beam.PCollection[Any], ...] = ()
    spent: beam.PCollection[int] | None = None


class _AskWithinFn(AskingFn[AnsweredShard]):
    room_of = attrgetter("shards")
    tallies = False  # a whole shard comes out at once; each file is tallied when it is done

    def __init__(self, engine: SharedEngine, local_of: LocalOf | None = None) -> None:
        super().__init__(engine)
        self._local_of = local_of

    def process(
        self, shard: Shard, admission: Admission, taught: Any = None, stated: Any = None
    ) -> Iterator[AnsweredShard]:
        local = local_ask(self._local_of, self.plan, taught, stated)
        TALLY.cap = admission.cap.most
        TALLY.before = admission.paid_before.cost + admission.maybe_lost
        today = price_day(datetime.now(UTC))
        window, journal = self.window(), self.plan.journal
        attempt = begin_attempt(journal, shard.name, self.engine.process)
        lost = under_way_before(journal, attempt)
        asked = QuestionsAsked(journal.read(shard.name, paid_for=contents_of(shard)))
        share = admission.purses.get(shard.name, 0)
        purse = Purse(max(0, share - asked.recalled.paid - lost))
        ranks = ranks_of(shard, self.plan)
        waves = self.engine.waves(purse, ranks, window.session, attempt)
        beside = self.plan.shards_in_flight
        life = life_of(shard, asked, waves, today, beside=beside, local=local)
        yield from map(self.counted, window.add(life, f"shard {shard.name!r}"))

    def counted(self, result: AnsweredShard) -> AnsweredShard:
        for answered in result.files:
            self.count(answered)
            self.count_file()
        for group in result.groups:
            self.count_group(group)
        return result


def ranks_of(shard: Shard, plan: Plan) -> Mapping[str, int]:
    """Whose turn comes first, by content."""
    return ranks((keyed.file for keyed in shard.files), shard.groups, plan.order_by)


def life_of(
    shard: Shard,
    asked: QuestionsAsked,
    waves: Waves,
    today: date,
    *,
    beside: int = 1,
    local: LocalAsk | None = None,
) -> Coroutine[Any, Any, AnsweredShard]:
    """A shard's files and groups to answers, the most wanted first, while the purse lasts.

    So many shards are under way `beside` each other.
    """
    plan = waves.plan
    found = ranks_of(shard, plan)
    worst = WorstCases(plan.questions, Billing(plan.service), today)
    files = [
        Waiting(
            keyed.file.uri,
            partial(_file, keyed, waves, asked, local),
            worst.of_file(keyed.file, asked.recalled),
        )
        for keyed in sorted(shard.files, key=lambda one: found.get(one.file.content_hash, 0))
    ]
    groups = [
        Waiting(
            f"{group.task} of the group {group.name}",
            partial(_group, group, waves, asked),
            worst.of_group(group, asked.recalled),
        )
        for group in sorted(shard.groups, key=lambda one: found.get(one.content_hash, 0))
    ]
    return answer_shard(files, groups, waves, beside)


async def _file(
    keyed: Keyed, waves: Waves, asked: QuestionsAsked, local: LocalAsk | None
) -> Answered:
    answered = await answer_keyed(keyed, waves, asked, local)
    TALLY.count(answered)
    TALLY.count_file()
    return answered


async def _group(group: Group, waves: Waves, asked: QuestionsAsked) -> AnsweredGroup:
    answered = await answer_group(group, waves, asked)
    for member in answered.members:
        TALLY.count(member)
        TALLY.files += not waves.plan.questions.of_images
    return answered
