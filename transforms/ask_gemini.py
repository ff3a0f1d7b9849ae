"""AskGemini: from shards of images to their answers. Reading, shrinking and asking are fused here.

The DoFn is thin: it takes files in and gives answers out on Beam's thread, where counters work; the
window behind it keeps requests open on the process's event loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.shared import Shared
from apache_beam.utils.windowed_value import WindowedValue

from answering.engine import Engine
from answering.plan import Plan
from answering.questions_asked import QuestionsAsked
from answering.tally import TALLY
from answering.window import Window
from tierwise.records import Answered, Failure
from transforms.share_duplicates import Shard


class AskGemini(beam.PTransform):
    """From shards to Answered records, one per distinct content.

    Every answer is in the journal before it leaves. A bundle that is tried again finds there what
    its first attempt paid.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def expand(self, shards: beam.PCollection[Shard]) -> beam.PCollection[Answered]:
        """Adds the questions to a pipeline."""
        return shards | "Ask" >> beam.ParDo(_AskGeminiFn(self._plan))


class _AskGeminiFn(beam.DoFn):
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._shared = Shared()
        self._window: Window | None = None
        self._counters = {
            name: Metrics.counter("tierwise", name)
            for name in ("files", "answers", "failures", "requests", "nano_dollars")
        }

    def setup(self) -> None:
        self._engine = self._shared.acquire(
            lambda: Engine(self._plan), tag=self._plan.journal.run_id
        )

    def start_bundle(self) -> None:
        if self._window is not None:  # the last bundle failed half-way
            self._window.cancel()
        self._window = Window(self._engine)

    def process(self, shard: Shard) -> Iterator[Answered]:
        window = self._open_window()
        asked = QuestionsAsked(self._plan.journal.read(shard.name))
        for keyed in shard.files:
            for answered in window.add(keyed.file, keyed.share_key, asked):
                yield self._counted(answered)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = self._open_window()
        everything = GlobalWindow()
        for answered in window.drain():
            value = self._counted(answered)
            yield WindowedValue(value, everything.max_timestamp(), [everything])
        self._window = None

    def _open_window(self) -> Window:
        if self._window is None:
            raise RuntimeError("Beam called process() or finish_bundle() before start_bundle()")
        return self._window

    def _counted(self, answered: Answered) -> Answered:
        self._counters["files"].inc()
        for outcome in answered.outcomes:
            spent = outcome.spent + outcome.wasted
            failed = isinstance(outcome, Failure)
            self._counters["failures" if failed else "answers"].inc()
            self._counters["requests"].inc(spent.requests)
            self._counters["nano_dollars"].inc(spent.cost)
            TALLY.count(failed=failed, cost=spent.cost)
        TALLY.count_file()
        return answered
