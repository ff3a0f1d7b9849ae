"""A DoFn that works on several elements at a time, for work that waits for a disk or a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

# Reading from a bucket takes some 50 ms: so many threads read three hundred objects a second.
_THREADS = 16


class InThreadsFn(beam.DoFn):
    """Calls a function in threads; what comes of it is emitted from Beam's own, in any order.

    A thread is given `at_a_time` elements: several, where to hand one over may cost more than the
    work.
    """

    def __init__(self, function: Callable[[Any], Any], at_a_time: int = 1) -> None:
        self._function = function
        self._at_a_time = at_a_time

    def begin(self, elements: list[Any]) -> Future[Any]:
        """Have the function called with each of some elements, at least one."""
        return self._pool.submit(lambda: list(map(self._function, elements)))

    def results(self, begun: Any) -> list[Any]:
        """What the function returned for each of them, of what has come of `begin`."""
        found: list[Any] = begun
        return found

    def emit(self, result: Any) -> Iterator[Any]:
        """The elements that a result of the function stands for; counters work here."""
        yield result

    def setup(self) -> None:
        """Beam's hook."""
        self._pool = ThreadPoolExecutor(_THREADS, "tierwise-files")

    def start_bundle(self) -> None:
        """Beam's hook."""
        self._under_way: set[Future[Any]] = set()
        self._gathered: list[Any] = []

    def process(self, element: Any) -> Iterator[Any]:
        """Beam's hook."""
        self._gathered.append(element)
        if len(self._gathered) >= self._at_a_time:
            self._begin()
        if len(self._under_way) >= 2 * _THREADS:
            yield from self._finished()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Beam's hook."""
        everything = GlobalWindow()
        self._begin()
        while self._under_way:
            for one in self._finished():
                yield WindowedValue(one, everything.max_timestamp(), [everything])

    def teardown(self) -> None:
        """Beam's hook."""
        self._pool.shutdown()

    def _begin(self) -> None:
        elements, self._gathered = self._gathered, []
        if elements:
            self._under_way.add(self.begin(elements))

    def _finished(self) -> Iterator[Any]:
        done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            for result in self.results(future.result()):
                yield from self.emit(result)
