"""Requests are formed by count and weight, and whoever waits hears of whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tierwise.gemini.request_room import packs
from tierwise.gemini.settle import Ask, fail
from tierwise.images.picture import Picture
from tierwise.records import MediaResolution, Outcome, Page, Reason
from tierwise.references import reference_to
from tierwise.scheduling.packer import Packer
from tierwise.tasks import load_tasks
from tierwise.wording import Prompt

TASK = load_tasks(
    "model: gemini-3.1-flash-lite\ntasks: {t: {prompt: x, labels: [a, b]}}", path="tasks.yaml"
).task("t")


def ask(number: int, size: int = 10) -> Ask:
    picture = Picture(
        bytes(size), "image/jpeg", 1, 1, 1, 1, "jpeg", size, False, True, False, False, 0, None
    )
    return Ask(f"r{number}", f"sha256:{number}", TASK, Page(), Prompt("x", "x", (), ()), picture)


async def refuse_all(asks: Sequence[Ask]) -> list[Outcome]:
    """Ends every question, in another order than it was asked."""
    await asyncio.sleep(0)
    return [fail(one, Reason.REJECTED, "") for one in reversed(asks)]


def packs_of(sizes: Sequence[int], most: int, tokens: int = 0) -> list[list[str]]:
    packs: list[list[str]] = []

    async def note(asks: Sequence[Ask]) -> list[Outcome]:
        packs.append([one.request_id for one in asks])
        return await refuse_all(asks)

    async def run() -> None:
        packer = Packer(most, note, lambda: None, lambda _: tokens)
        futures = [packer.add([ask(number, size)])[0] for number, size in enumerate(sizes)]
        packer.flush()
        outcomes = await asyncio.gather(*futures)
        assert [o.request_id for o in outcomes] == [f"r{n}" for n in range(len(sizes))]

    asyncio.run(run())
    return packs


def test_packs_are_formed_by_count() -> None:
    assert packs_of([10] * 5, most=2) == [["r0", "r1"], ["r2", "r3"], ["r4"]]


def test_packs_are_formed_by_weight() -> None:
    heavy = 5_000_000
    assert packs_of([heavy, heavy, heavy, 10, 13_000_000, 10], most=50) == [
        ["r0", "r1"],
        ["r2", "r3"],
        ["r4"],
        ["r5"],
    ]


def test_packs_are_formed_by_tokens() -> None:
    # Above 200,000 tokens some models cost double.
    assert [len(pack) for pack in packs_of([10] * 7, most=50, tokens=50_000)] == [3, 3, 1]
    assert [len(pack) for pack in packs_of([10] * 2, most=50, tokens=500_000)] == [1, 1]


def test_only_models_that_take_it_get_pictures_of_several_resolutions_together() -> None:
    async def run(model: str) -> list[int]:
        sizes: list[int] = []

        async def note(asks: Sequence[Ask]) -> list[Outcome]:
            sizes.append(len(asks))
            return await refuse_all(asks)

        packer = Packer(50, note, lambda: None, lambda _: 0)
        for number, level in enumerate(["low", "low", "high", "low"]):
            one = ask(number)
            route = replace(one.route, model=model, media_resolution=MediaResolution(level))
            packer.add([replace(one, task=replace(one.task, route=route))])
        packer.flush()
        await asyncio.sleep(0.01)
        return sizes

    assert asyncio.run(run("gemini-3.1-flash-lite")) == [4]
    assert asyncio.run(run("gemini-2.5-flash-lite")) == [2, 1, 1]


def test_waiting_and_busy_say_what_is_the_case_when_settled_is_called() -> None:
    async def run() -> None:
        seen: list[bool] = []
        packer = Packer(2, refuse_all, lambda: seen.append(packer.busy), lambda _: 0)
        [first] = packer.add([ask(0)])
        assert (packer.waiting, packer.busy) == (True, False)
        [second] = packer.add([ask(1)])
        assert (packer.waiting, packer.busy) == (False, True)
        await asyncio.gather(first, second)
        await asyncio.sleep(0)
        # The request that has just ended must not count, or a tail would never be flushed.
        assert seen == [False]

    asyncio.run(run())


@pytest.mark.parametrize("most", [1, 3])
def test_an_error_reaches_everyone_who_waits(most: int) -> None:
    async def break_down(_: Sequence[Ask]) -> list[Outcome]:
        raise ZeroDivisionError("a bug")

    async def run() -> None:
        packer = Packer(most, break_down, lambda: None, lambda _: 0)
        futures = [packer.add([ask(number)])[0] for number in range(3)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(result) for result in results] == [ZeroDivisionError] * 3

    asyncio.run(run())


def test_a_question_without_outcome_is_an_error_and_no_endless_wait() -> None:
    async def forget_one(asks: Sequence[Ask]) -> list[Outcome]:
        return (await refuse_all(asks))[:-1]

    async def run() -> None:
        packer = Packer(2, forget_one, lambda: None, lambda _: 0)
        [forgotten], [told] = packer.add([ask(0)]), packer.add([ask(1)])
        assert (await told).request_id == "r1"
        with pytest.raises(RuntimeError, match="no outcome came for the questions r0"):
            await forgotten

    asyncio.run(run())


def test_cancelling_cancels_everyone_who_waits() -> None:
    async def hang(_: Sequence[Ask]) -> list[Outcome]:
        await asyncio.Event().wait()
        return []

    async def run() -> None:
        packer = Packer(1, hang, lambda: None, lambda _: 0)
        [future] = packer.add([ask(0)])
        await asyncio.sleep(0)
        packer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        await asyncio.sleep(0)
        assert not packer.busy

    asyncio.run(run())


def test_files_that_are_only_named_weigh_less() -> None:
    def named(number: int, size: int) -> list[Ask]:
        reference = reference_to(f"gs://b/{number}.jpg", size, "")
        return [replace(ask(number), picture=None, reference=reference)]

    large = [named(number, 30_000_000) for number in range(40)]
    assert [len(pack) for pack in packs(large, 50, lambda _: 1)] == [16, 16, 8]
    small = [named(number, 1_000_000) for number in range(40)]
    assert [len(pack) for pack in packs(small, 50, lambda _: 1)] == [40]
