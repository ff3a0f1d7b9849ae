"""What all bundles of a worker process share: event loop, connections, threads, limits."""

from __future__ import annotations

import asyncio
import threading
import uuid
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from tierwise.accounts.admission import Purse
from tierwise.answering.plan import Plan
from tierwise.answering.prepare import READERS
from tierwise.batches.gather import Gatherer
from tierwise.batches.part import Part
from tierwise.gemini.asker import Asker
from tierwise.gemini.billing import Billing
from tierwise.gemini.caches import Caches
from tierwise.gemini.drawing import Drawing
from tierwise.gemini.form_memory import FormMemory
from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Rule
from tierwise.gemini.journaled import entries_of
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.observed import Observations, Observed
from tierwise.gemini.request_log import RequestLog
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, Settled
from tierwise.journal.attempts import Attempt, Fence
from tierwise.journal.doubts import Doubts
from tierwise.journal.holding import Holding
from tierwise.journal.intent_file import IntentFile
from tierwise.journal.intent_objects import IntentObjects
from tierwise.journal.intents import Intents
from tierwise.journal.journal_writer import JournalWriter
from tierwise.journal.rate_share import RateShare
from tierwise.records import Reason
from tierwise.scheduling.keep_doubts import KeepDoubts
from tierwise.scheduling.keep_pace import KeepPace
from tierwise.scheduling.room import Room, Rooms
from tierwise.scheduling.running import RUNNING
from tierwise.scheduling.session import Session
from tierwise.scheduling.shrinkers import shrinkers
from tierwise.scheduling.tally import TALLY
from tierwise.scheduling.waves import Waves
from tierwise.storage.descriptors import room_for
from tierwise.storage.drawn_files import DrawnFiles

if TYPE_CHECKING:
    from tierwise.gemini.client import GeminiClient

Result = TypeVar("Result")

# How long all images of a bundle must have stood still, while others wait for their room, before
# its requests are sent that are not full.
_STANDSTILL_S = 0.25


class Engine:
    """Starts its threads when it is made; `close` stops them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rooms = Rooms.of(plan)
        self._sessions = weakref.WeakSet[Session]()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="tierwise-requests", daemon=True
        )
        self._thread.start()
        self._threads = ThreadPoolExecutor(READERS, "tierwise-images")
        # Where they are processes, they import while Google's library is imported here.
        self._shrinkers = self._call(shrinkers(plan.shrinkers, self._threads))
        self._writers = ThreadPoolExecutor(4, "tierwise-journal")
        self._asker = self._call(self._connect())
        self._pace = self._keep_pace()
        self._doubts = self._keep_doubts()
        RUNNING.append(self)
        self.call_soon(self._look)

    @property
    def process(self) -> str:
        """What the journal calls this process."""
        intents: Intents = self._asker.intents
        return intents.process

    @property
    def lease(self) -> tuple[str, int]:
        """Where the lease of its run lies, and its number."""
        return self.plan.journal.lease

    def session(self, room: Room | None = None) -> Session:
        """A session for one bundle, whose lives take up that room, that of images if none."""
        room = room or self.rooms.images
        session = Session(self.plan, self._asker, self._shrinkers, room, self._gatherer())
        self.call_soon(self._sessions.add, session)
        return session

    def waves(
        self,
        purse: Purse,
        ranks: Mapping[str, int] | None = None,
        session: Session | None = None,
        attempt: Attempt | None = None,
    ) -> Waves:
        """A session for one shard under a cap, perhaps within that of a bundle.

        `ranks` says whose turn comes first, by content. It asks as long as `attempt` holds.
        """
        asker = session.asker if session else self._asker
        if attempt:
            asker = replace(asker, may_send=Fence(attempt, self._writers).check)
        return Waves(self.plan, asker, self._shrinkers, purse, ranks or {})

    def parts(self, session: Session) -> list[Part]:
        """What the bundle of a session has written down for batch jobs, once it is finished."""
        return self.submit(session.gatherer.close()).result() if session.gatherer else []

    def tell(self) -> None:
        """Have it written down what requests have settled: at their end nobody else would."""
        self.submit(self._asker.intents.tell()).result()

    def submit(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Run on the loop; the result is for the calling thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def observed(self) -> Observed:
        """What requests did since the last time somebody asked."""
        limiter: Limiter = self._asker.limiter
        return limiter.observations.take()

    def call_soon(self, function: Any, *args: Any, **kwargs: Any) -> None:
        """Run a plain function on the loop."""
        self._loop.call_soon_threadsafe(lambda: function(*args, **kwargs))

    def interrupt(self, seconds: float) -> bool:
        """Start no further request, and wait a little for those under way to become durable.

        True when all have.
        """
        limiter: Limiter = self._asker.limiter
        self.call_soon(limiter.end, Reason.UNAVAILABLE, "the run was interrupted")
        return limiter.idle.wait(seconds)

    def close(self) -> None:
        """Give up what is under way, and stop."""
        if self in RUNNING:
            RUNNING.remove(self)
            if self._pace:
                self._pace.stop()
            if self._doubts:
                self._doubts.stop()
            self._call(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._threads.shutdown()
            self._writers.shutdown()

    def _look(self) -> None:
        for session in list(self._sessions):
            session.look()
        self._loop.call_later(_STANDSTILL_S, self._look)

    async def _end(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._asker.client.close()
        await self._shrinkers.close()

    async def _connect(self) -> Asker:
        clock = Clock()
        limiter = Limiter(
            requests_in_flight=room_for(self.plan.requests_in_flight),
            requests_per_minute=self.plan.requests_per_minute,  # all of it, until it has a part
            clock=clock,
            patience_s=self.plan.patience_s,
            observations=Observations(TALLY.wait),
        )
        if self._shares_rate:
            limiter.pause(self.plan.share_period_s)
        journal = JournalWriter(self.plan.journal, self._writers)
        run_id = self.plan.journal.run_id

        expected = self.plan.service.answerer

        async def record(asks: Sequence[Ask], settled: Settled) -> None:
            await journal.commit(entries_of(asks, settled, run_id, settled.answerer or expected))

        ready = self._holding().before(journal.ready)
        client, billing = _client_of(self.plan.service), Billing(self.plan.service)
        return Asker(
            client=client,
            limiter=limiter,
            gate=Gate(
                limiter, Rule(self.plan.patience_s, self.plan.meets_s), self.plan.own_spending
            ),
            billing=billing,
            record=record,
            keep=journal.commit,
            clock=clock,
            flex_fallback=self.plan.flex_fallback,
            log=self._request_log(),
            executor=self._threads,
            forms=FormMemory(self.plan.check_packs),
            intents=self._intents(ready),
            batch_instead=self.plan.batches.fallbacks if self.plan.batches else {},
            caches=Caches(
                client.caches,
                billing,
                self.plan.journal.caches,
                clock=clock,
                executor=self._writers,
                reserve=self.plan.cache_reserve,
                may_send=ready,
            ),
            drawing=self._drawing(),
        )

    def _drawing(self) -> Drawing | None:
        if not self.plan.draws:
            return None
        return Drawing(
            DrawnFiles(self.plan.journal.output, self.plan.service.answerer), self._writers
        )

    def _gatherer(self) -> Gatherer | None:
        batches = self.plan.batches
        if batches is None or batches.at_once:
            return None
        return Gatherer(batches, self._asker.billing, self._writers)

    def _holding(self) -> Holding:
        return Holding(self.plan.journal.check_lease, self._writers)

    def _intents(self, ready: Callable[[], Awaitable[None]]) -> Intents:
        folder = self.plan.journal.intents
        if "://" not in folder:
            return IntentFile(folder, ready)
        most = 2 * self.plan.requests_in_flight
        return IntentObjects(folder, ready, self._writers, most)

    @property
    def _shares_rate(self) -> bool:
        limits = (self.plan.requests_per_minute, self.plan.usd_per_minute)
        return self.plan.shares_rate and limits != (None, None)

    def _keep_pace(self) -> KeepPace | None:
        if not self._shares_rate:
            return None
        worker = uuid.uuid4().hex
        share = RateShare(self.plan.journal.workers, worker, self.plan.share_period_s)
        return KeepPace(share, self._asker.limiter, self._take_part, self.call_soon)

    def _take_part(self, part: float) -> None:
        """Ask within a part of the limits that all processes share."""
        if self.plan.requests_per_minute is not None:
            self._asker.limiter.limit(self.plan.requests_per_minute * part)
        if self.plan.usd_per_minute is not None:
            self._asker.gate.limit_spending(self.plan.usd_per_minute * part)

    def _keep_doubts(self) -> KeepDoubts | None:
        if not self.plan.look_s:
            return None
        doubts = Doubts(self.plan.journal.doubts)
        return KeepDoubts(doubts, self._asker.gate, self.plan.look_s, self.call_soon)

    def _request_log(self) -> RequestLog | None:
        files = self.plan.request_files
        if files is None:
            return None

        async def write(line: bytes) -> None:
            await self._loop.run_in_executor(self._writers, files.write, line)

        return RequestLog(files.most, write)

    def _call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _client_of(service: Service) -> GeminiClient:
    """Google's library takes long to import: whoever only builds a pipeline does without it."""
    client: GeminiClient = import_module("tierwise.gemini.client").GeminiClient(service)
    return client
