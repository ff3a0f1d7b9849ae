"""What the steps that ask have in common: one engine per process, one window per bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Generic, NamedTuple, TypeVar

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.shared import Shared
from apache_beam.utils.windowed_value import WindowedValue

from tierwise.answering.groups import AnsweredGroup
from tierwise.answering.plan import Plan
from tierwise.batches.part import Part
from tierwise.records import Answer, Answered, Failure, Usage, is_under_way
from tierwise.scheduling.engine import Engine
from tierwise.scheduling.room import Room, Rooms
from tierwise.scheduling.tally import TALLY
from tierwise.scheduling.window import Window
from tierwise.scheduling.with_launcher import end_with

Result = TypeVar("Result")

# `requests` are those that were billed or may have been, `tries` all that were sent.
COUNTERS = (
    *("files", "answers", "failures", "put_off", "requests", "nano_dollars", "tries", "retries"),
    *("throttled_ms", *(kind.name for kind in fields(Usage))),
)
DISTRIBUTIONS = ("sent_bytes", "milliseconds", "images_per_request", "latency_ms")
# Dataflow adds no workers to a step that counts under this name: they would wait as well.
THROTTLING = "cumulativeThrottlingSeconds"


# The output beside the answers: what was written down for batch jobs.
PARTS = "parts"
_ANSWERED = "answered"


class AskedShards(NamedTuple):
    """What became of shards, and the parts of what batch jobs will ask; None where none will."""

    answered: beam.PCollection[Any]
    parts: beam.PCollection[Part] | None


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


def ask_shards(shards: beam.PCollection[Any], asking: AskingFn[Any], *more: Any) -> AskedShards:
    """Adds a step that asks to a pipeline; `more` are side inputs."""
    if asking.plan.batches is None:  # with one output, a runner's page shows what it asks
        return AskedShards(shards | "Ask" >> beam.ParDo(asking, *more), None)
    asked = shards | "Ask" >> beam.ParDo(asking, *more).with_outputs(PARTS, main=_ANSWERED)
    return AskedShards(asked[_ANSWERED], asked[PARTS])


class AskingFn(beam.DoFn, Generic[Result]):
    """A DoFn whose `process` adds lives to the window and yields what comes out.

    It is thin: it takes work in and gives results out on Beam's thread, where counters work; the
    window behind it keeps requests open on the process's event loop. `room_of` says which of the
    process's rooms its lives take up. Where all is known, neither window nor engine is started.
    """

    room_of: Callable[[Rooms], Room]
    # Whether results are tallied as they come out, for those who watch the run.
    tallies = True

    def __init__(self, engine: SharedEngine) -> None:
        self.plan = engine.plan
        self._shared = engine
        self._window: Window[Result] | None = None
        self._counters = {name: Metrics.counter("tierwise", name) for name in COUNTERS}
        self._distributions = {
            name: Metrics.distribution("tierwise", name) for name in DISTRIBUTIONS
        }
        self._throttling = Metrics.counter("tierwise", THROTTLING)
        self._throttled_s = 0.0

    def display_data(self) -> dict[str, Any]:
        """What runners' pages show of this step; of a composite, Dataflow would show nothing."""
        plan, service = self.plan, self.plan.service
        tasks = plan.questions.tasks
        shown: dict[str, Any] = {
            "tasks": ", ".join(task.name for task in tasks),
            "models": ", ".join(sorted({task.route.model for task in tasks})),
            "service": str(service.kind),
            "location": service.location if service.vertex else "",
            "endpoint": service.endpoint,
            "api_key_secret": service.key_secret,
            "requests_in_flight": plan.requests_in_flight,
            "requests_per_minute": plan.requests_per_minute or 0,
        }
        return {name: value for name, value in shown.items() if value}

    def setup(self) -> None:
        """Look for the launcher from now on, whether there is anything to ask or not."""
        if self.plan.launcher:
            end_with(self.plan.launcher)

    def start_bundle(self) -> None:
        """Begin without a window."""
        if self._window is not None:  # the last bundle failed half-way
            self._window.cancel()
            self._window = None

    def finish_bundle(self) -> Iterator[WindowedValue | beam.pvalue.TaggedOutput]:
        """Finish what is under way."""
        if self._window is None:  # nothing had to be asked
            return
        for result in self._window.drain():
            yield _globally(self.counted(result))
        self.engine.tell()
        for part in self.engine.parts(self._window.session):
            yield beam.pvalue.TaggedOutput(PARTS, _globally(part))
        self._count_requests()
        self._window = None

    def window(self) -> Window[Result]:
        """The window of the bundle, which is opened for what is asked first."""
        if self._window is None:
            self.engine = self._shared.acquire()
            self._window = Window(self.engine, type(self).room_of(self.engine.rooms))
        return self._window

    def rest(self) -> None:
        """Let other bundles have what room there is, until the next shard comes."""
        if self._window is not None:
            self._window.rest()

    def counted(self, result: Result) -> Any:
        """The result, once its outcomes are counted."""
        raise NotImplementedError

    def count(self, answered: Answered) -> None:
        """Count the outcomes of one file, and what requests did meanwhile."""
        self._count_requests()
        if self.tallies:
            TALLY.count(answered)
        for outcome in answered.outcomes:
            spent = outcome.paid
            failed = isinstance(outcome, Failure)
            if is_under_way(outcome):
                self._counters["put_off"].inc()
                continue
            self._counters["failures" if failed else "answers"].inc()
            self._counters["requests"].inc(spent.requests)
            self._counters["nano_dollars"].inc(spent.cost)
            for kind in fields(spent.usage):
                self._counters[kind.name].inc(getattr(spent.usage, kind.name))
            if isinstance(outcome, Answer) and outcome.sent.bytes and not outcome.reused:
                self._distributions["sent_bytes"].update(outcome.sent.bytes)
                self._distributions["milliseconds"].update(round(outcome.sent.milliseconds))

    def count_group(self, group: AnsweredGroup) -> None:
        """Count the outcomes of the files of one group."""
        for member in group.members:
            self.count(member)
            if not self.plan.questions.of_images:  # else they are counted where each is asked
                self.count_file()

    def count_file(self) -> None:
        """Count one file that is done."""
        self._counters["files"].inc()
        if self.tallies:
            TALLY.count_file()

    def _count_requests(self) -> None:
        if self._window is None:
            return
        observed = self.engine.observed()
        self._counters["tries"].inc(len(observed.images))
        self._counters["retries"].inc(observed.retries)
        for images in observed.images:
            self._distributions["images_per_request"].update(images)
        for latency_ms in observed.latencies_ms:
            self._distributions["latency_ms"].update(latency_ms)
        self._throttled_s += observed.throttled_s
        whole = int(self._throttled_s)
        self._throttling.inc(whole)
        self._throttled_s -= whole
        self._counters["throttled_ms"].inc(round(observed.throttled_s * 1000))


def _globally(value: Any) -> WindowedValue:
    everything = GlobalWindow()
    return WindowedValue(value, everything.max_timestamp(), [everything])
