"""Requests that begin alike share a cache: fewer dollars, the same answers, a true account."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmulatedGemini
from tests.strict_gemini import foretold, painted, strict_gemini
from tierwise.answerer import ServiceKind
from tierwise.gemini.asker import Asker
from tierwise.gemini.billing import Billing
from tierwise.gemini.caches import Caches
from tierwise.gemini.clear_caches import clear_caches
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Rule
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, Settled
from tierwise.journal.cache_records import CacheFiles, caches_of_runs, left_caches
from tierwise.prices.cache_terms import LIFETIME
from tierwise.records import Answer, Outcome, ServiceTier, Spent
from tierwise.tasks.examples import Example
from tierwise.wording import Prompt

WORDS = " ".join(f"word{number}" for number in range(1200))


@dataclass
class Process:
    """One process of a run, as far as it asks; its clock can be moved."""

    files: CacheFiles
    gemini: Any
    reserve: int | None = None
    at_once: int = 16
    later_s: float = 0.0
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        self.service = Service(ServiceKind.EMULATOR, self.gemini.url, timeout_s=20.0)

    def ask(self, *rounds: Sequence[Ask], pack: int = 1, between_s: float = 270.0) -> list[Outcome]:
        """Each round of questions so long after the one before."""
        return asyncio.run(self._ask(rounds, pack, between_s))

    async def _ask(
        self, rounds: Sequence[Sequence[Ask]], pack: int, between_s: float
    ) -> list[Outcome]:
        clock = Clock(
            lambda: time.monotonic() + self.later_s,
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.later_s),
        )
        limiter = Limiter(requests_in_flight=self.at_once, requests_per_minute=None, clock=clock)
        client, billing = GeminiClient(self.service), Billing(self.service)

        async def record(_: Sequence[Ask], __: Settled) -> None:
            """Nothing is remembered."""

        outcomes = list[Outcome]()
        with ThreadPoolExecutor(2) as executor:
            caches = Caches(
                client.caches,
                billing,
                self.files,
                clock=clock,
                executor=executor,
                reserve=self.reserve,
            )
            gate = Gate(limiter, Rule())
            asker = Asker(client, limiter, gate, billing, record, clock, caches=caches)
            for asks in rounds:
                packs = [asks[start : start + pack] for start in range(0, len(asks), pack)]
                found = await asyncio.gather(*map(asker.ask, packs))
                outcomes += [outcome for some in found for outcome in some]
                self.later_s += between_s
            await client.close()
        return outcomes

    @property
    def spent_on_caches(self) -> Spent:
        return sum((record.spent for record in self.files.all()), Spent())


@pytest.fixture
def process(gemini: EmulatedGemini, tmp_path: Path) -> Process:
    return Process(CacheFiles(str(tmp_path), "run"), gemini)


@pytest.fixture
def long_ask(ask_of: Callable[..., Ask]) -> Callable[..., Ask]:
    """A question with a prompt of some thousand tokens, which says nothing of its own picture."""

    def build(number: int, words: str = WORDS, **changed: Any) -> Ask:
        ask = ask_of(number, task="found", **changed)
        text = f"{ask.prompt.whole} {words}"
        return replace(ask, prompt=Prompt(text, text, (), ()))

    return build


def asked(outcomes: Sequence[Outcome]) -> Spent:
    return sum((outcome.spent + outcome.wasted for outcome in outcomes), Spent())


def check(process: Process, outcomes: Sequence[Outcome]) -> None:
    """Every question has an answer, and what all cost is the bill, to the nano-dollar."""
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    spent = asked(outcomes) + process.spent_on_caches
    assert (spent.cost, spent.maybe_billed) == (process.gemini.billed(), 0)


def told(gemini: EmulatedGemini) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gemini.control("GET", "/emulator/caches"))
    return found


def test_requests_that_wait_share_a_cache_and_pay_less(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    outcomes = process.ask([long_ask(number) for number in range(30)])
    check(process, outcomes)
    [cache] = told(gemini)
    cached = asked(outcomes).usage.cached_tokens
    assert cached >= 20 * cache["usageMetadata"]["totalTokenCount"]
    # Without, the same questions have the same answers, and cost several times as much.
    billed, values = gemini.billed(), [outcome.value for outcome in outcomes]  # type: ignore[union-attr]
    gemini.reset()
    off = [
        replace(ask, task=replace(ask.task, cache="off"))
        for ask in (long_ask(number) for number in range(30))
    ]
    plain = process.ask(off)
    assert [outcome.value for outcome in plain] == values  # type: ignore[union-attr]
    assert [one.request_id for one in plain] == [one.request_id for one in outcomes]
    assert told(gemini) == []
    assert gemini.billed() > 2 * billed


@pytest.mark.parametrize(
    ("words", "number", "changed"),
    [
        ("short", 20, {}),
        (WORDS, 1, {}),
        (WORDS, 20, {"model": "gemini-4-argon"}),
        (WORDS, 20, {"model": "gemini-3.1-pro-preview"}),
    ],
    ids=["too short", "one alone", "no such model", "no price of storage"],
)
def test_where_none_pays_none_is_made(
    process: Process,
    long_ask: Callable[..., Ask],
    gemini: EmulatedGemini,
    words: str,
    number: int,
    changed: dict[str, Any],
) -> None:
    outcomes = process.ask([long_ask(n, words, **changed) for n in range(number)])
    check(process, outcomes)
    assert told(gemini) == []


def test_questions_one_after_the_other_are_never_worth_a_cache(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    outcomes = process.ask(*([long_ask(number)] for number in range(40)), between_s=60.0)
    check(process, outcomes)
    assert told(gemini) == []


def test_where_none_waits_many_that_came_lately_speak_for_a_cache(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    outcomes = process.ask(*([long_ask(number)] for number in range(50)), between_s=1.0)
    check(process, outcomes)
    [cache] = told(gemini)
    tokens = cache["usageMetadata"]["totalTokenCount"]
    assert asked(outcomes).usage.cached_tokens == 20 * tokens


def test_requests_that_wait_for_long_are_worth_one_cache_at_most(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    """A service that takes a request in six minutes lets each cache expire before the next."""
    asks = [[long_ask(number)] for number in range(50)]
    made = asyncio.run(sent_one_by_one(process, asks[:10], gap_s=360.0))
    assert made == len(told(gemini)) == 1
    # Once they are sent quickly there is one again, after as many as speak for it.
    made = asyncio.run(sent_one_by_one(process, asks[:10], asks, gap_s=360.0))
    assert made == len(told(gemini)) - 1 == 2


async def sent_one_by_one(process: Process, *rounds: Sequence[Sequence[Ask]], gap_s: float) -> int:
    """Have requests wait together and be sent one after the other, in the last round each second.

    Gives how many caches they name.
    """
    later_s, names = 0.0, set[str]()
    clock = Clock(
        lambda: time.monotonic() + later_s,
        now=lambda: datetime.now(UTC) + timedelta(seconds=later_s),
    )
    client, billing = GeminiClient(process.service), Billing(process.service)
    files = CacheFiles(process.files.journal, f"run-{len(rounds)}")
    with ThreadPoolExecutor(1) as executor:
        caches = Caches(client.caches, billing, files, clock=clock, executor=executor)
        for number, some in enumerate(rounds):
            composed = [compose(asks) for asks in some]
            with ExitStack() as waiting:
                uses = [
                    waiting.enter_context(caches.wanted(asks, parts))
                    for asks, parts in zip(some, composed, strict=True)
                ]
                for use, parts in zip(uses, composed, strict=True):
                    await use.ready(ServiceTier.STANDARD, proven=True)
                    names.add(use.body(parts).get("cachedContent", ""))
                    later_s += gap_s if number == 0 else 1.0
    await client.close()
    return len(names - {""})


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_a_cache_that_vanishes_costs_no_answer(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini, how: str
) -> None:
    gemini.faults({"kind": "cache_gone", "how": how, "after": 8, "count": 1})
    outcomes = process.ask([long_ask(number) for number in range(60)])
    check(process, outcomes)
    assert 1 <= len(told(gemini)) <= 2
    assert any(record.gone for record in process.files.all())


@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_where_the_service_makes_none_all_is_asked_without(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini, status: int
) -> None:
    gemini.faults({"kind": "cache_refused", "status": status})
    check(process, process.ask([long_ask(number) for number in range(30)]))
    assert told(gemini) == []


def test_a_refusal_that_is_the_requests_own_fault_is_not_laid_at_the_cache(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    gemini.faults({"kind": "bad_image", "after": 10, "count": 2})
    outcomes = process.ask([long_ask(number) for number in range(40)])
    spent = asked(outcomes) + process.spent_on_caches
    assert spent.cost == gemini.billed()
    assert len(told(gemini)) == 1


def test_processes_share_a_cache(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    asks = [long_ask(number) for number in range(60)]
    others = [replace(process), replace(process), process]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one, n: one.ask(asks[n::3]), others, range(3)))
    outcomes = [outcome for some in found for outcome in some]
    check(process, outcomes)
    [cache] = told(gemini)
    tokens = cache["usageMetadata"]["totalTokenCount"]
    assert all(asked(some).usage.cached_tokens >= 5 * tokens for some in found)


def test_a_cache_that_is_in_use_is_renewed(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    rounds = [[long_ask(10 * turn + number) for number in range(10)] for turn in range(3)]
    outcomes = process.ask(*rounds)
    check(process, outcomes)
    [record], [cache] = process.files.all(), told(gemini)
    assert record.life
    # Each time it has five minutes from then on: here some moments more, by the emulator's clock.
    assert record.life.expires > record.life.created + LIFETIME
    assert cache["nano_usd"] == record.life.cost


def test_under_a_cap_caches_cost_no_more_than_their_reserve(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini
) -> None:
    asks = [long_ask(number) for number in range(20)]
    process.reserve = 1_000_000
    check(process, process.ask(asks))
    assert told(gemini) == []
    process.files = CacheFiles(process.files.journal, "another run")
    gemini.reset()
    process.reserve = 20_000_000
    outcomes = process.ask(asks)
    check(process, outcomes)
    assert 0 < process.spent_on_caches.cost <= process.reserve


@pytest.mark.parametrize(("pack", "shown"), [(1, 0), (4, 0), (4, 5)])
def test_a_server_with_other_rules_takes_what_is_sent_and_bills_the_same(
    tmp_path: Path, ask_of: Callable[..., Ask], pack: int, shown: int
) -> None:
    """A long prompt, or a short one with labelled pictures."""
    examples = tuple(
        Example("dark", (f"{number}",), 64, 48, "image/jpeg", painted(100 + number))
        for number in range(shown)
    )
    with strict_gemini() as strict:
        process = Process(CacheFiles(str(tmp_path), "run"), strict)

        def ask(number: int) -> Ask:
            ask = ask_of(number, pack=pack, data=painted(number))
            words = f"<shade> How light? {'' if shown else WORDS}"
            route = replace(ask.task.route, examples=bool(examples))
            task = replace(ask.task, examples=examples, route=route)
            return replace(ask, task=task, prompt=Prompt(words, words, (), ()))

        outcomes = process.ask([ask(number) for number in range(48)], pack=pack)
        assert strict.broken == []
        [cache] = strict.caches.values()
        assert len(cache["parts"]) == 1 + 2 * shown
        numbers = {ask(number).request_id: number for number in range(48)}
        for outcome in outcomes:
            assert isinstance(outcome, Answer)
            labels = {"enum": ["dark", "bright"]}
            assert outcome.value == foretold(numbers[outcome.request_id], "shade", labels)
        spent = asked(outcomes) + process.spent_on_caches
        assert (spent.cost, spent.maybe_billed) == (strict.billed, 0)


def test_orphans_are_found_by_what_the_journal_says_and_nothing_else_is_deleted(
    process: Process, long_ask: Callable[..., Ask], gemini: EmulatedGemini, tmp_path: Path
) -> None:
    asks = [long_ask(number) for number in range(20)]
    beside = replace(process, files=CacheFiles(str(tmp_path / "another"), "run"))
    process.ask(asks)
    beside.ask(asks)
    # A reply that is lost: the cache is there, and nobody knows.
    lost = replace(process, files=CacheFiles(str(tmp_path), "killed"))
    gemini.faults({"kind": "cache_reply_lost", "count": 1})
    lost.ask(asks)
    gemini.faults()
    [undecided] = [record for record in lost.files.all() if record.undecided]
    assert undecided.spent.maybe_billed == undecided.order.worst
    assert len(told(gemini)) == 3
    answerer, now = process.service.answerer, datetime.now(UTC)
    left = left_caches(str(tmp_path), process.service.place, answerer, now, but=["run"])
    assert set(left) == {"killed"}
    before = gemini.billed()
    assert clear_caches(process.service, str(tmp_path), left) == len(left["killed"])
    assert gemini.billed() == before
    living = {cache["displayName"].split()[1] for cache in told(gemini) if not cache["deleted"]}
    assert living == {"run"}
    # By now its money is known, exactly.
    every = caches_of_runs(str(tmp_path))["killed"]
    assert not any(record.undecided or record.spent.maybe_billed for record in every)
    bill = sum(c["nano_usd"] for c in told(gemini) if " killed " in c["displayName"])
    assert sum(record.spent.cost for record in every) == bill
    later = now + timedelta(hours=2)
    assert left_caches(str(tmp_path), process.service.place, answerer, later) == {}
