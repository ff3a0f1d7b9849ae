"""What the steps that ask have in common: one engine per process, one window per bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.shared import Shared
from apache_beam.utils.windowed_value import WindowedValue

from answering.engine import Engine
from answering.plan import Plan
from answering.tally import TALLY
from answering.window import Window
from tierwise.groups import AnsweredGroup
from tierwise.records import Answer, Answered, Failure

Result = TypeVar("Result")


class SharedEngine:
    """The engine of a worker process: one for all steps that were given the same SharedEngine."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._shared = Shared()

    def acquire(self) -> Engine:
        """The engine of this process, started if there is none."""
        engine: Engine = self._shared.acquire(
            lambda: Engine(self.plan), tag=self.plan.journal.run_id
        )
        return engine


class AskingFn(beam.DoFn, Generic[Result]):
    """A DoFn whose `process` adds lives to the window and yields what comes out.

    It is thin: it takes work in and gives results out on Beam's thread, where counters work; the
    window behind it keeps requests open on the process's event loop. `most` bounds the lives that
    are under way in a bundle.
    """

    def __init__(self, engine: SharedEngine, most: int) -> None:
        self.plan = engine.plan
        self._shared = engine
        self._most = most
        self._window: Window[Result] | None = None
        self._counters = {
            name: Metrics.counter("tierwise", name)
            for name in ("files", "answers", "failures", "requests", "nano_dollars")
        }

        self._sent_bytes = Metrics.distribution("tierwise", "sent_bytes")
        self._milliseconds = Metrics.distribution("tierwise", "milliseconds")

    def setup(self) -> None:
        """Share the engine of this process."""
        self.engine = self._shared.acquire()

    def start_bundle(self) -> None:
        """Open a window."""
        if self._window is not None:  # the last bundle failed half-way
            self._window.cancel()
        self._window = Window(self.engine, self._most)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Finish what is under way."""
        everything = GlobalWindow()
        for result in self.window().drain():
            value = self.counted(result)
            yield WindowedValue(value, everything.max_timestamp(), [everything])
        self._window = None

    def window(self) -> Window[Result]:
        """The window of the bundle."""
        if self._window is None:
            raise RuntimeError("Beam called process() or finish_bundle() before start_bundle()")
        return self._window

    def counted(self, result: Result) -> Any:
        """The result, once its outcomes are counted."""
        raise NotImplementedError

    def count(self, answered: Answered) -> None:
        """Count the outcomes of one file."""
        for outcome in answered.outcomes:
            spent = outcome.paid
            failed = isinstance(outcome, Failure)
            self._counters["failures" if failed else "answers"].inc()
            self._counters["requests"].inc(spent.requests)
            self._counters["nano_dollars"].inc(spent.cost)
            TALLY.count(failed=failed, requests=spent.requests, cost=spent.cost)
            if isinstance(outcome, Answer) and outcome.sent.bytes and not outcome.reused:
                self._sent_bytes.update(outcome.sent.bytes)
                self._milliseconds.update(round(outcome.sent.milliseconds))

    def count_group(self, group: AnsweredGroup) -> None:
        """Count the outcomes of the files of one group."""
        for member in group.members:
            self.count(member)
            if not self.plan.tasks.of_images:  # else they are counted where each is asked
                self.count_file()

    def count_file(self) -> None:
        """Count one file that is done."""
        self._counters["files"].inc()
        TALLY.count_file()
