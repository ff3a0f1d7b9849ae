"""The files of one bundle that are under way, seen from the thread that brings them."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import Future

from answering.answer_file import answer_file
from answering.engine import Engine
from answering.questions_asked import QuestionsAsked
from tierwise.records import Answered, ImageFile


class Window:
    """Takes in as many files as fill every request slot, and gives back whatever is ready.

    Files come out in any order, so that one slow reply delays nobody. Results and errors surface on
    the calling thread alone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session = engine.session()
        self._finished: queue.SimpleQueue[tuple[ImageFile, Future[Answered]]] = queue.SimpleQueue()
        self._under_way: set[Future[Answered]] = set()

    def add(self, file: ImageFile, share_key: str, asked: QuestionsAsked) -> Iterator[Answered]:
        """Take in a file; yields files that are finished, and waits for one when all is full."""
        future = self._engine.submit(answer_file(file, share_key, self._session, asked))
        self._under_way.add(future)
        future.add_done_callback(lambda done: self._finished.put((file, done)))
        while not self._finished.empty():
            yield self._next()
        if len(self._under_way) >= self._engine.plan.images_in_flight:
            self._starve(starved=True)
            yield self._next()
            self._starve(starved=False)

    def drain(self) -> Iterator[Answered]:
        """Finish all that is under way."""
        self._starve(starved=True)
        while self._under_way:
            yield self._next()

    def cancel(self) -> None:
        """Give up all that is under way."""
        for future in list(self._under_way):
            future.cancel()
        self._engine.call_soon(self._session.cancel)

    def _next(self) -> Answered:
        file, future = self._finished.get()
        self._under_way.discard(future)
        try:
            return future.result()
        except Exception as error:
            error.add_note(f"while answering {file.uri}")
            self.cancel()
            raise

    def _starve(self, *, starved: bool) -> None:
        if self._engine.plan.shares_requests:
            self._engine.call_soon(self._session.starve, starved=starved)
