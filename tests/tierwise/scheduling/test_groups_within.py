"""The groups of a shard never cost more than its purse holds, and have an answer or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tierwise.scheduling.shard_desk import ShardDesk
from tierwise.accounts.admission import Purse
from tierwise.answering.answer_group import answer_group
from tierwise.answering.groups import AnsweredGroup, Group
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.gemini.billing import Billing
from tierwise.journal.recalled import Recalled
from tierwise.records import Answer, Outcome, Spent
from tierwise.scheduling.answer_shard import Waiting, answer_shard
from tierwise.scheduling.engine import Engine
from tierwise.scheduling.worst_cases import WorstCases, dearest_request

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  theme:
    per: folder
    prompt: Which theme do they share?
    schema: {type: object, properties: {theme: {type: string, maxLength: 30}}}
    max_per_group: 4
"""
GROUPS, EACH = 6, 3
# Nano-dollars: enough for about half of the groups.
SOME = 900_000
FAULTS = [
    *("max_tokens", "truncated_json", "outside_labels", "blocked_answer", "blocked_prompt"),
    *("bad_image", "drop", "internal"),
]


class Desk(ShardDesk):
    """Asks groups within a purse; `answer` is one attempt of one run at their shard."""

    def answer(
        self, groups: Sequence[Group], purse: int, *, run: str = "run-1", **plan: Any
    ) -> list[AnsweredGroup]:
        with self.engine(TASKS, run, **plan) as engine:
            return self._answer(engine, groups, purse)

    def _answer(self, engine: Engine, groups: Sequence[Group], purse: int) -> list[AnsweredGroup]:
        plan, today = engine.plan, datetime.now(UTC).date()
        asked = QuestionsAsked(plan.journal.read(""))
        worst = WorstCases(plan.questions, Billing(plan.service), today)
        waves = engine.waves(Purse(max(0, purse - asked.recalled.paid)))
        waiting = [
            Waiting(
                group.name,
                partial(answer_group, group, waves, asked),
                worst.of_group(group, asked.recalled),
            )
            for group in groups
        ]
        return engine.submit(answer_shard([], waiting, waves)).result().groups


@pytest.fixture
def desk(tmp_path: Path, gemini: Any) -> Desk:
    return Desk(tmp_path / "journal", gemini.url)


@pytest.fixture
def groups(archive: Any) -> list[Group]:
    files = archive.pictures(GROUPS * EACH)
    parts = (files[n : n + EACH] for n in range(0, len(files), EACH))
    return [Group("theme", f"group {n}", tuple(part)) for n, part in enumerate(parts)]


def outcomes(group: AnsweredGroup) -> list[Outcome]:
    return [*(outcome for member in group.members for outcome in member.outcomes), group.rest]


def shown(group: AnsweredGroup) -> str:
    [one] = {o.task if isinstance(o, Answer) else str(o.reason) for o in outcomes(group)}
    return one


def total(groups: Sequence[AnsweredGroup]) -> Spent:
    return sum((o.spent + o.wasted for group in groups for o in outcomes(group)), Spent())


faults = st.lists(
    st.builds(
        lambda kind, rate: {"kind": kind, "rate": rate},
        st.sampled_from(FAULTS),
        st.sampled_from([0.1, 0.4, 1.0]),
    ),
    max_size=3,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(faults=faults, seed=st.integers(0, 99), purse=st.integers(0, 6 * SOME))
def test_the_bill_never_exceeds_the_purse(
    desk: Desk,
    groups: list[Group],
    gemini: Any,
    faults: list[dict[str, Any]],
    seed: int,
    purse: int,
) -> None:
    desk.forget()
    gemini.reset()
    gemini.faults(*faults, seed=seed)
    done = desk.answer(groups, purse)
    spent = total(done)
    assert gemini.billed() <= spent.cost + spent.maybe_billed == desk.paid() <= purse
    assert [group.name for group in done] == [group.name for group in groups]
    assert all(shown(group) for group in done)
    assert {len(line["images"]) for line in gemini.requests()} <= {EACH}


@pytest.mark.parametrize("purse", [SOME, SOME * 4 // 3])
def test_the_same_groups_fit_however_they_race(
    desk: Desk, groups: list[Group], gemini: Any, purse: int
) -> None:
    found = []
    for number, in_flight in enumerate((1, 3, 32)):
        desk.forget()
        gemini.reset()
        gemini.faults({"kind": "latency", "ms": 5, "sigma": 1.0}, seed=number)
        done = desk.answer(groups, purse, requests_in_flight=in_flight)
        found.append(([shown(group) for group in done], gemini.billed()))
    assert found[0] == found[1] == found[2]
    assert {"theme", "over_budget"} == set(found[0][0])


def test_no_group_costs_more_than_the_dearest_request(gemini: Any, archive: Any) -> None:
    tasks = TASKS.replace("max_per_group: 4", "max_per_group: 16\n    media_resolution: high")
    engine = archive.bundle(tasks).engine
    dearest = dearest_request(engine.plan, datetime.now(UTC).date())
    gemini.faults({"kind": "max_tokens"})
    group = Group("theme", "all", tuple(archive.pictures(16)))
    engine.submit(answer_group(group, engine.session(), QuestionsAsked(Recalled()))).result()
    assert archive.packs() == [16, 16]
    dollars = max(Decimal(line["usd"]) for line in gemini.requests())
    assert 0 < dollars.scaleb(9) <= dearest


def test_a_group_that_was_paid_comes_out_though_the_others_do_not_fit(
    desk: Desk, archive: Any, gemini: Any, groups: list[Group]
) -> None:
    """Whatever it is, and whether or not a file that cannot be sent hides its identity."""
    broken = archive.add("broken.jpg", b"\xff\xd8\xff\xe0 no more")
    groups[0] = Group("theme", "group 0", (*groups[0].files, broken))
    gemini.faults({"kind": "blocked_answer", "rate": 0.5}, seed=1)
    first = desk.answer(groups, 100 * SOME)
    paid = gemini.billed()
    assert {shown(group) for group in first[1:]} == {"theme", "blocked_answer"}
    again = desk.answer(groups, 0)
    assert total(again) == total(first)
    assert gemini.billed() == paid
