"""The files or groups of one bundle that are under way, seen from the thread that brings them."""

from __future__ import annotations

import queue
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from tierwise.scheduling.engine import Engine
from tierwise.scheduling.session import Session

Result = TypeVar("Result")


class Window(Generic[Result]):
    """Takes in as many lives as fill every request slot, and gives back whatever is ready.

    Results come out in any order, so that one slow reply delays nobody. They and errors surface on
    the calling thread alone. At most `most` are under way at a time.
    """

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most
        self.session: Session = engine.session()
        self._finished: queue.SimpleQueue[tuple[str, Future[Result]]] = queue.SimpleQueue()
        self._under_way: set[Future[Result]] = set()

    def add(self, life: Coroutine[Any, Any, Result], name: str) -> Iterator[Result]:
        """Begin a life; yields those that are finished, and waits for one when all is full."""
        future = self._engine.submit(life)
        self._under_way.add(future)
        future.add_done_callback(lambda done: self._finished.put((name, done)))
        while not self._finished.empty():
            yield self._next()
        if len(self._under_way) >= self._most:
            self._starve(starved=True)
            yield self._next()
            self._starve(starved=False)

    def drain(self) -> Iterator[Result]:
        """Finish all that is under way."""
        self._starve(starved=True)
        while self._under_way:
            yield self._next()

    def cancel(self) -> None:
        """Give up all that is under way."""
        for future in list(self._under_way):
            future.cancel()
        self._engine.call_soon(self.session.cancel)

    def _next(self) -> Result:
        name, future = self._finished.get()
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
