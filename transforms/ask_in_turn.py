"""AskInTurn: what is learnt from, then what examines, then the rest, most of it locally.

Nothing that examines is sent before all is learnt, so that no model can depend on who examines it:
what is learnt has requests and, under a cap, a purse of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam

from tierwise.accounts.admission import Admission, Cap, Paid
from tierwise.answering.groups import AnsweredGroup
from tierwise.answering.local_ask import to_answer, to_examine, to_learn
from tierwise.batches.part import Part
from tierwise.local.statement import Statement
from tierwise.records import Answered
from tierwise.transforms.ask_images import AskImages
from tierwise.transforms.ask_within import AskWithin, Locally
from tierwise.transforms.asking_fn import AskedShards, SharedEngine
from tierwise.transforms.count_local import CountLocal
from tierwise.transforms.examine import Examine
from tierwise.transforms.shard import Shard
from tierwise.transforms.split_roles import SplitRoles
from tierwise.transforms.teach import Teach


class AskedInTurn(NamedTuple):
    """What became of images and groups, and what was promised of each task.

    `groups` and `admissions` are None without a cap, `parts` where no batch job asks.
    """

    images: beam.PCollection[Answered]
    stated: beam.PCollection[Mapping[str, Statement]]
    parts: beam.PCollection[Part] | None = None
    groups: beam.PCollection[AnsweredGroup] | None = None
    admissions: beam.PCollection[Admission] | None = None


class AskInTurn(beam.PTransform):
    """From shards of images to what became of them; `AskImages` asks each part."""

    def __init__(self, engine: SharedEngine) -> None:
        super().__init__()
        self._engine = engine

    def expand(self, shards: beam.PCollection[Shard]) -> AskedInTurn:
        """Adds the three steps to a pipeline."""
        engine, plan = self._engine, self._engine.plan
        parts = shards | "SplitRoles" >> SplitRoles(_roles(engine), engine.plan.journal)
        learnt = parts.learn | "AskLearn" >> AskImages(engine, to_learn)
        taught = learnt.answered | "Teach" >> Teach(plan)
        examined = parts.exam | "AskExam" >> AskImages(engine, to_examine, taught)
        stated = examined.answered | "Examine" >> Examine(plan, parts.counts, taught)
        rest = parts.rest | "AskRest" >> AskImages(engine, to_answer, taught, stated)
        three: Sequence[AskedShards] = (learnt, examined, rest)
        images = tuple(one.answered for one in three) | "AllImages" >> beam.Flatten()
        stated = (rest.answered, stated) | "CountLocal" >> CountLocal()
        return AskedInTurn(images, stated, _all_parts([one.parts for one in three]))


class AskInTurnWithin(beam.PTransform):
    """The same under a cap: each part has what those before it have left; groups come last.

    `before` is what `SumJournal` found. The admission is that of what is learnt, which may spend
    the whole cap.
    """

    def __init__(self, engine: SharedEngine, cap: Cap, before: beam.PCollection[Paid]) -> None:
        super().__init__()
        self._engine = engine
        self._cap = cap
        self._before = before

    def expand(self, kinds: Sequence[beam.PCollection[Shard]]) -> AskedInTurn:
        """Adds the three steps to a pipeline; from shards of images and, if any, of groups."""
        (images, *groups), plan = kinds, self._engine.plan
        parts = images | "SplitRoles" >> SplitRoles(_roles(self._engine), plan.journal)
        learnt = (parts.learn,) | "AskLearn" >> self._within(Locally(to_learn))
        spent = learnt["images"] | "SpentOnLearn" >> _SumSpent()
        taught = learnt["images"] | "Teach" >> Teach(plan)
        examining = Locally(to_examine, (taught,), spent)
        examined = (parts.exam,) | "AskExam" >> self._within(examining)
        sample = (learnt["images"], examined["images"]) | "Sample" >> beam.Flatten()
        stated = examined["images"] | "Examine" >> Examine(plan, parts.counts, taught)
        spent = sample | "SpentOnSample" >> _SumSpent()
        answering = Locally(to_answer, (taught, stated), spent)
        rest = (parts.rest, *groups) | "AskRest" >> self._within(answering)
        stated = (rest["images"], stated) | "CountLocal" >> CountLocal()
        return AskedInTurn(
            (sample, rest["images"]) | "AllImages" >> beam.Flatten(),
            stated,
            _all_parts([one["parts"] for one in (learnt, examined, rest)]),
            rest["groups"] if groups else None,
            learnt["admissions"],
        )

    def _within(self, local: Locally) -> AskWithin:
        return AskWithin(self._engine, self._cap, self._before, local)


class _SumSpent(beam.PTransform):
    """From answered contents to one sum of what they cost at worst, in nano-dollars."""

    def expand(self, answered: beam.PCollection[Answered]) -> beam.PCollection[int]:
        spent = answered | "Cost" >> beam.Map(_cost_at_worst)
        return spent | "Sum" >> beam.CombineGlobally(sum)


def _cost_at_worst(answered: Answered) -> int:
    return sum(outcome.paid.cost_at_worst for outcome in answered.outcomes)


def _roles(engine: SharedEngine) -> Any:
    if engine.plan.local is None:
        raise RuntimeError("nothing is answered locally in this run")
    return engine.plan.local.roles


def _all_parts(
    parts: Sequence[beam.PCollection[Part] | None],
) -> beam.PCollection[Part] | None:
    some = tuple(one for one in parts if one is not None)
    return some | "AllParts" >> beam.Flatten() if some else None
