"""The files or groups of one bundle that are under way, seen from the thread that brings them."""

from __future__ import annotations

import queue
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from tierwise.scheduling.engine import Engine
from tierwise.scheduling.room import Room
from tierwise.scheduling.session import Session

Result = TypeVar("Result")


class Window(Generic[Result]):
    """Takes in as many lives as there is room for, and gives back whatever is ready.

    Results come out in any order, so that one slow reply delays nobody. They and errors surface on
    the calling thread alone. The room is the process's: other bundles have their part of it.
    """

    def __init__(self, engine: Engine, room: Room) -> None:
        self._engine = engine
        self._room = room
        self._turn = room.turn()
        self.session: Session = engine.session(room)
        # A life that has ended, or None where there may be room for another.
        self._news: queue.SimpleQueue[tuple[str, Future[Result]] | None] = queue.SimpleQueue()
        self._under_way: set[Future[Result]] = set()

    def add(self, life: Coroutine[Any, Any, Result], name: str) -> Iterator[Result]:
        """Begin a life once there is room for it; yields those that are finished."""
        try:
            yield from self._until_there_is_room()
        except BaseException:  # of another life, or of whoever takes what is yielded
            life.close()
            self.rest()
            raise
        future = self._engine.submit(life)
        self._under_way.add(future)
        future.add_done_callback(lambda done: self._end(name, done))
        while not self._news.empty():
            yield from self._next()

    def rest(self) -> None:
        """Say that nothing may be added for a while: others have the room."""
        self._room.rest(self._turn)

    def drain(self) -> Iterator[Result]:
        """Finish all that is under way."""
        self.rest()
        self._starve(starved=True)
        while self._under_way:
            yield from self._next()

    def cancel(self) -> None:
        """Give up all that is under way."""
        self.rest()
        for future in list(self._under_way):
            future.cancel()
        self._engine.call_soon(self.session.cancel)

    def _until_there_is_room(self) -> Iterator[Result]:
        if self._room.take(self._turn, self._wake):
            return
        self._starve(starved=True)
        while not self._room.take(self._turn, self._wake):
            yield from self._next()
        self._starve(starved=False)

    def _wake(self) -> None:
        self._news.put(None)

    def _end(self, name: str, future: Future[Result]) -> None:
        self._room.leave()
        self._news.put((name, future))

    def _next(self) -> Iterator[Result]:
        if news := self._news.get():
            yield self._result(*news)

    def _result(self, name: str, future: Future[Result]) -> Result:
        self._under_way.discard(future)
        try:
            return future.result()
        except Exception as error:
            error.add_note(f"while answering {name}")
            self.cancel()
            raise

    def _starve(self, *, starved: bool) -> None:
        if self._engine.plan.shares_requests:
            self._engine.call_soon(self.session.starve, starved=starved)
