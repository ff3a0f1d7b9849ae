"""No more slots than there are, none lost, whoever gives up and however their number changes."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.slots import Slots


@given(
    st.integers(1, 4),
    st.lists(st.sampled_from(["ask", "release", "resize 1", "resize 3", "cancel"]), max_size=40),
)
def test_slots_are_never_lost_nor_given_twice(size: int, events: list[str]) -> None:
    async def run() -> None:
        slots, askers, held, asked = Slots(size), list[asyncio.Task[None]](), list[int](), 0

        async def hold(number: int) -> None:
            await slots.acquire()
            held.append(number)

        for event in events:
            if event == "ask":
                askers.append(asyncio.create_task(hold(asked)))
                asked += 1
            elif event == "release" and held:
                held.pop(0)
                slots.release()
            elif event == "cancel" and askers:
                askers[-1].cancel()
            elif event.startswith("resize"):
                slots.resize(int(event[-1]))
            # Who asks begins to wait at once; other events may meet a turn that was given and not
            # yet taken.
            if event == "ask" or asked % 2:
                await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert slots.used == len(held)
        waiting = [asker for asker in askers if not asker.done()]
        assert not waiting or len(held) >= slots.size
        assert held == sorted(held)
        slots.resize(1000)
        await asyncio.gather(*askers, return_exceptions=True)
        assert slots.used == len(held)
        assert len(held) >= len(waiting)

    asyncio.run(run())


def test_a_smaller_number_takes_no_slot_away() -> None:
    async def run() -> None:
        slots = Slots(3)
        for _ in range(3):
            await slots.acquire()
        slots.resize(1)
        waiting = asyncio.create_task(slots.acquire())
        for _ in range(2):
            slots.release()
            await asyncio.sleep(0)
            assert not waiting.done()
        slots.release()
        await waiting
        assert slots.used == 1

    asyncio.run(run())
