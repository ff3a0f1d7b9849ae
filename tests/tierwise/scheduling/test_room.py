"""Lives are bounded per process, however many bundles bring them, and none waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tierwise.answering.answer_file import answer_file
from tierwise.records import Answered, ImageFile
from tierwise.scheduling.room import Room
from tierwise.scheduling.window import Window

THREADS = 12
TWO_STEPS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright], images_per_request: 8}
  again:
    prompt: "Really {shade}?"
    when: shade == "dark" or shade == "bright"
    labels: ["yes", "no"]
    images_per_request: 8
    media_resolution: high
"""


@dataclass
class Alive:
    """How many lives are under way, on the engine's loop, and the most that there were."""

    now: int = 0
    most: int = 0
    done: set[str] = field(default_factory=set)

    async def lived(self, life: Coroutine[Any, Any, Answered]) -> Answered:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            answered = await life
            self.done.add(answered.uri)
            return answered
        finally:
            self.now -= 1


def a_bundle(bundle: Any, alive: Alive, files: list[ImageFile], slow: threading.Event) -> int:
    """One of many in its thread; it may have to wait between two of its files."""
    window = Window[Answered](bundle.engine, bundle.engine.rooms.images)
    done = 0
    for place, file in enumerate(files):
        if place == len(files) - 1:
            window.rest()
            assert slow.wait(60)
        life = answer_file(file, file.content_hash, window.session, bundle.asked(file))
        done += len(list(window.add(alive.lived(life), file.uri)))
    return done + len(list(window.drain()))


def test_twelve_threads_share_the_lives_of_one_slot(archive: Any) -> None:
    bundle, alive = archive.bundle(TWO_STEPS, requests_in_flight=1), Alive()
    at_once = threading.Event()
    at_once.set()
    some = [archive.pictures(13, first=100 * number) for number in range(THREADS)]
    for file in (file for files in some for file in files):
        bundle.asked(file)
    with ThreadPoolExecutor(THREADS) as pool:
        begun = [pool.submit(a_bundle, bundle, alive, files, at_once) for files in some]
        assert [one.result(120) for one in begun] == [13] * THREADS
    assert alive.most <= bundle.engine.plan.images_in_flight == 16
    # A bundle that has room has it for a whole request, so that requests are not of one each.
    packs = archive.packs()
    assert sum(packs) == 2 * 13 * THREADS
    assert len(packs) < sum(packs) / 3


def test_a_bundle_that_is_held_up_leaves_its_room_to_others(archive: Any) -> None:
    """What brings images to one may stand behind what another does not take in."""
    bundle, alive = archive.bundle(pack=8, requests_in_flight=1), Alive()
    others_are_done, at_once = threading.Event(), threading.Event()
    at_once.set()
    held_up = archive.pictures(12)  # 8 are sent, three wait for five that do not come
    others = archive.pictures(30, first=100)
    for file in (*held_up, *others):
        bundle.asked(file)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(a_bundle, bundle, alive, held_up, others_are_done)
        second = pool.submit(a_bundle, bundle, alive, others, at_once)
        assert second.result(60) == 30
        assert not first.done()
        others_are_done.set()
        assert first.result(60) == 12
    assert alive.most <= bundle.engine.plan.images_in_flight


def test_a_bundle_that_fails_leaves_its_room(archive: Any) -> None:
    bundle = archive.bundle(pack=4, requests_in_flight=1)
    pictures = archive.pictures(20)
    window = Window[Answered](bundle.engine, bundle.engine.rooms.images)
    for file in pictures[:3]:  # half a pack, and room for one more
        life = answer_file(file, file.content_hash, window.session, bundle.asked(file))
        list(window.add(life, file.uri))
    window.cancel()
    assert len(bundle.answer(pictures[3:])) == 17


def test_the_bundle_that_began_first_has_room_first() -> None:
    room, woken = Room(4, 2), list[str]()
    first, second, third = (room.turn() for _ in range(3))
    assert [room.take(first, lambda: None) for _ in range(4)] == [True] * 4
    assert not room.take(third, lambda: woken.append("third"))
    assert not room.take(second, lambda: woken.append("second"))
    room.leave()
    assert not woken  # not enough for a request
    room.leave()
    assert woken == ["second"]
    room.rest(second)
    assert woken == ["second", "third"]
    assert room.take(third, lambda: None)
    assert not room.short


@pytest.mark.parametrize(("digits", "beside"), [(0, 1), (1, 8), (4, 8)])
def test_shards_under_a_cap_share_what_one_window_has(
    archive: Any, digits: int, beside: int
) -> None:
    """Of a small archive, which is one shard, that one has it all."""
    plan = archive.bundle(pack=8, digits=digits).engine.plan
    assert plan.shards_in_flight == beside
