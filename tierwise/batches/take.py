"""The results of a job into the journal: joined by our key alone, never by their place.

A reply is taken for the question whose key it bears, and where a word had to be repeated only if it
repeats that of its key. A word that is another row's, or none at all, says that keys and replies of
this job may be mixed up: then only replies that repeat the right word are taken, and only where no
other row of the job has the same; all else is asked again. So is what came twice and differs, what
has an error, and what is not there. Whatever was paid is accounted for all the same.

Memory holds the keys of one job and the rows of one part, however large the results are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from tierwise.batches.asked_rows import AskedRow, asked_rows
from tierwise.batches.job_files import BatchJob, Taken, is_in_vain
from tierwise.batches.part import ASKS
from tierwise.errors import InputError
from tierwise.gemini.batch.echo import Echo, echo_word, is_anothers, unwrapped
from tierwise.gemini.batch.jobs import Phase
from tierwise.gemini.batch.rows import Row, RowError, read_row
from tierwise.gemini.billing import Billing
from tierwise.gemini.caches import MAY_BE_THE_CACHES_FAULT
from tierwise.gemini.call_error import CallError
from tierwise.gemini.charges import answered
from tierwise.gemini.compose import RequestParts, texts_of
from tierwise.gemini.drawing import with_drawn
from tierwise.gemini.journaled import entries_of
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.reply import read_reply
from tierwise.gemini.retry import Ruling, judge
from tierwise.gemini.settle import Ask, Settled, can_split, fail_all, settle
from tierwise.journal.lines import Again, Entry
from tierwise.prices.price_day import price_day
from tierwise.records import Answer, ServiceTier, Spent
from tierwise.storage.drawn_files import DrawnFiles
from tierwise.storage.files import join

# Writes entries under a name: the same entries under the same name replace each other.
WriteEntries = Callable[[Sequence[Entry], str], None]

# Of a job that ended so, Vertex AI bills what was completed, and that is in its results
# (cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini), unless they
# could not be written: then the job's counts alone tell of it. What the Developer API bills of
# expired and cancelled jobs is not known.
_ENDED_EARLY = {Phase.CANCELLED, Phase.EXPIRED, Phase.FAILED}


def take(
    job: BatchJob,
    results: Path | None,
    billing: Billing,
    write: WriteEntries,
    drawn: DrawnFiles | None = None,
) -> Taken:
    """Journal what came of every row of a job that has ended.

    Args:
        job: one that is `taking`.
        results: the rows that came, in any order; None where nobody knows which there were.
        billing: prices of the service that answered.
        write: makes entries durable.
        drawn: where pictures are kept that were drawn, None to look through results alone.

    Raises:
        OSError: a picture cannot be kept, or what the job asked, or its results, cannot be read.
    """
    with results.open("rb") if results else nullcontext() as stream:
        taking = _Taking(job, billing, stream, drawn)
        taking.look_through()
        for place, part in enumerate(job.order.parts):
            entries = [
                entry for row in asked_rows(join(part, ASKS)) for entry in taking.entries_of(row)
            ]
            if place == len(job.order.parts) - 1:
                entries += taking.of_nobody()
            if is_in_vain(job.order, taking.taken):  # of one part
                entries = list(map(_without_jobs, entries))
            write(entries, f"{job.order.id}p{place:05d}")
    return taking.taken


class _Taking:
    """Reads results twice: once to see what there is of each key, then row by row."""

    def __init__(
        self,
        job: BatchJob,
        billing: Billing,
        results: BinaryIO | None,
        drawn: DrawnFiles | None = None,
    ) -> None:
        self._drawn = drawn
        if job.taking is None:
            raise ValueError(f"nothing says under which run job {job.order.id} is journaled")
        self._job, self._billing, self._results = job, billing, results
        self._run_id = job.taking.run_id
        created = datetime.fromisoformat(job.created_at or job.order.ordered_at)
        self._on, self._asked_at = price_day(created), created.isoformat()
        self._places: dict[str, int] = {}
        self._replies = 0
        self._in_doubt: set[str] = set()
        self._shared: set[str] = set()  # words of several rows
        self._of_nobody: dict[bytes, Spent] = {}  # by a digest of the line, which may come twice
        self._others: dict[str, set[bytes]] = {}  # lines of a key that differ from its first
        self._besides: dict[str, Spent] = {}  # for replies that came under a key beside its first
        self._last: AskedRow | None = None
        self._cache_blamed: set[str] = set()  # beginnings most of whose rows were refused
        self._counts = Counter[str]()

    @property
    def taken(self) -> Taken:
        """What came of all rows."""
        return Taken(**self._counts)

    def look_through(self) -> None:
        """See where each key stands, and whether keys and replies belong together."""
        asked = (row for part in self._job.order.parts for row in asked_rows(join(part, ASKS)))
        echoed, begin = dict[str, bool](), dict[str, str]()
        for one in asked:
            if one.key not in self._job.set_aside:
                echoed[one.key] = one.echo
            if one.beginning in self._job.caches:
                begin[one.key] = one.beginning
        words = Counter(echo_word(key) for key, echo in echoed.items() if echo)
        named, refused = Counter(begin.values()), Counter[str]()
        for place, line in _lines(self._results) if self._results else ():
            row = read_row(line)
            self._replies += row.body is not None and row.key not in self._places
            if row.key is None or row.key not in echoed:
                self._counts["unknown"] += 1
                if row.body is not None:
                    self._of_nobody[blake2b(line, digest_size=16).digest()] = self._spent(row)
            elif row.key in self._places:
                self._counts["doubled"] += 1
                others = self._others.setdefault(row.key, set())
                if line not in others and self._line_at(self._places[row.key]) != line:
                    others.add(line)
                    self._in_doubt.add(row.key)
                    before = self._besides.get(row.key, Spent())
                    self._besides[row.key] = before + self._spent(row)
            else:
                self._places[row.key] = place
                refused[begin.get(row.key, "")] += _may_be_of_cache(row.error)
                if echoed[row.key]:
                    self._look_at_word(row, row.key, words)
        self._shared = {word for word, rows in words.items() if rows > 1}
        self._cache_blamed = {key for key, rows in named.items() if 2 * refused[key] >= rows}

    def _look_at_word(self, row: Row, key: str, words: Container[str]) -> None:
        if row.body is None:
            return
        _, echo = unwrapped(row.body, echo_word(key))
        self._counts["echoed"] += echo is not Echo.UNTOLD
        if echo is Echo.WRONG:
            self._counts["mixed_up"] += is_anothers(row.body, echo_word(key), words)
            self._in_doubt.add(key)

    def entries_of(self, asked: AskedRow) -> Iterator[Entry]:
        """What one row leaves in the journal."""
        self._last = asked
        place = self._places.get(asked.key)
        row = read_row(self._line_at(place)) if place is not None else None
        if refused := self._job.set_aside.get(asked.key):
            settled = self._failed(asked, RowError(400, refused))
        elif row is None:
            settled = self._missing(asked)
        elif row.body is None:
            error = row.error or RowError(0, "there is no response")
            settled = self._failed(asked, error, doubted=self._is_doubted(asked, Echo.UNTOLD))
        else:
            settled = self._replied(asked, row)
        self._counts["answered" if _has_answer(settled) else "again"] += 1
        spent = [outcome.spent for outcome in settled.outcomes]
        spent += [wasted for _, wasted in settled.wasted]
        self._counts["cost"] += sum(one.cost for one in spent)
        self._counts["maybe_billed"] += sum(one.maybe_billed for one in spent)
        yield from self._entries(asked, settled)

    def _replied(self, asked: AskedRow, row: Row) -> Settled:
        body: Mapping[str, Any] = row.body or {}
        echo = Echo.UNTOLD
        if asked.echo:
            body, echo = unwrapped(body, echo_word(asked.key))
        asks = tuple(replace(ask, attempts=ask.attempts + 1) for ask in asked.asks)
        raw = RawReply(dict(body), {}, 0)
        composed = RequestParts({}, texts_of(asks).all, asked.sent_bytes)
        exchange = answered(
            self._billing,
            asks,
            composed,
            raw,
            tier=ServiceTier.BATCH,
            on=self._on,
            asked_at=self._asked_at,
            names_cache=asked.beginning in self._job.caches,
        )
        if self._is_doubted(asked, echo):
            first, *rest = exchange.shares
            return _lost(asked, [first + self._besides.get(asked.key, Spent()), *rest])
        if self._drawn:
            exchange = with_drawn(self._drawn, asks, exchange)
        return settle(asks, exchange)

    def _is_doubted(self, asked: AskedRow, echo: Echo) -> bool:
        """Whether what came under a key may be another row's.

        Where keys are mixed up, that is all that does not repeat a word which no other row has.
        """
        proved = echo is Echo.RIGHT and echo_word(asked.key) not in self._shared
        return asked.key in self._in_doubt or (self._counts["mixed_up"] > 0 and not proved)

    def _failed(self, asked: AskedRow, error: RowError, *, doubted: bool = False) -> Settled:
        """A row that came back as an error, which is not billed (ai.google.dev, FAQ on billing)."""
        self._counts["errors"] += 1
        asks = asked.asks
        if doubted:
            return _lost(asked, self._besides.get(asked.key, Spent()).shares(len(asks)))
        if self._is_of_cache(asked, error):
            self._counts["cache_gone"] += 1
            return _lost(asked, [Spent()] * len(asks))
        by_reference = any(ask.reference for ask in asks)
        verdict = judge(CallError(error.message, status=error.code), by_reference=by_reference)
        if not error.code:  # neither an answer nor a reason: who knows whether it was billed
            return _lost(asked, Spent(maybe_billed=asked.worst, requests=1).shares(len(asks)))
        if verdict.ruling not in (Ruling.SPLIT, Ruling.FORM):
            return _lost(asked, [Spent()] * len(asks))
        if can_split(asks):
            return Settled((), tuple((ask, Spent()) for ask in asks), (asks,))
        message = f"{error.code}: {error.message}"
        return fail_all(asks, verdict.reason, message)

    def _is_of_cache(self, asked: AskedRow, error: RowError) -> bool:
        """Whether a row was refused for the cache that it names, as it may have been.

        Then no further job names one for what it begins with, so that its own fault would show.
        """
        if asked.beginning not in self._job.caches or not _may_be_of_cache(error):
            return False
        return "cache" in error.message.lower() or asked.beginning in self._cache_blamed

    def _missing(self, asked: AskedRow) -> Settled:
        """A row of which nothing came: a reply of nobody's may have been its, and its money is."""
        self._counts["missing"] += 1
        if self._of_nobody:
            _, spent = self._of_nobody.popitem()
        elif self._surely_not_billed:
            spent = Spent()
        else:
            spent = Spent(maybe_billed=asked.worst, requests=1)
        return _lost(asked, spent.shares(len(asked.asks)))

    def of_nobody(self) -> list[Entry]:
        """What replies cost that are nobody's, where no row is missing any more to bear it.

        And what jobs may cost that came of the same order besides.
        """
        doubles = Spent(maybe_billed=len(self._job.doubles) * self._job.order.worst)
        spent = sum(self._of_nobody.values(), doubles)
        if self._last is None or spent == Spent():
            return []
        ask = self._last.asks[0]
        self._counts["cost"] += spent.cost
        self._counts["maybe_billed"] += spent.maybe_billed
        answerer = self._job.order.answerer
        entry = Entry(self._run_id, ask.content_hash, ask.request_id, wasted=spent)
        return [replace(entry, answerer=answerer)]

    @property
    def _surely_not_billed(self) -> bool:
        """Whether a row that is not among the results was not completed either."""
        ended = self._job.ended
        if not self._job.name:  # there never was a job
            return True
        if ended is None or self._results is None or ended.phase not in _ENDED_EARLY:
            return False
        completed = ended.succeeded or 0
        if self._billing.service.vertex:
            return completed <= self._replies
        return ended.phase is Phase.FAILED and not (completed or self._places)

    def _spent(self, row: Row) -> Spent:
        """What a reply cost that is nobody's."""
        if row.body is None:
            return Spent()
        reply = read_reply(row.body, {})
        if reply.tells_usage:
            with suppress(InputError):  # no price is known for what was served
                model = self._job.order.model
                return self._billing.spent(
                    model, reply, ServiceTier.BATCH, self._on, names_cache=bool(self._job.caches)
                )
        return Spent(maybe_billed=self._job.order.worst // self._job.order.rows, requests=1)

    def _entries(self, asked: AskedRow, settled: Settled) -> Iterator[Entry]:
        """Entries in which a question that is asked again says how."""
        again = {ask.request_id: ask for asks in settled.again for ask in asks}
        before = {ask.request_id: ask for ask in asked.asks}
        answerer = self._job.order.answerer
        for entry in entries_of(asked.asks, settled, self._run_id, answerer):
            if entry.wasted is not None and (ask := again.get(entry.request_id)):
                lost = ask.lost > before[entry.request_id].lost
                how = Again(
                    alone=ask.alone or not lost,
                    asked_again=ask.asked_again,
                    lost=ask.lost,
                    at_once=self._job.given_up,
                )
                yield replace(entry, again=how)
            else:
                yield entry

    def _line_at(self, place: int) -> bytes:
        if self._results is None:
            raise ValueError("there are no results")
        self._results.seek(place)
        return self._results.readline()


def _lines(results: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each line that is not empty, and where it stands; others may move the place between two."""
    place = 0
    while True:
        results.seek(place)
        line = results.readline()
        if not line:
            return
        if line.strip():
            yield place, line
        place += len(line)


def _lost(asked: AskedRow, spent: Sequence[Spent]) -> Settled:
    """Nothing that could be used: all of it is asked again as it was, up to some times."""
    again: tuple[Ask, ...] = tuple(replace(ask, lost=ask.lost + 1) for ask in asked.asks)
    return Settled((), tuple(zip(asked.asks, spent, strict=True)), (again,))


def _may_be_of_cache(error: RowError | None) -> bool:
    return error is not None and error.code in MAY_BE_THE_CACHES_FAULT


def _without_jobs(entry: Entry) -> Entry:
    """An entry of a question that no further job asks."""
    return replace(entry, again=replace(entry.again, at_once=True)) if entry.again else entry


def _has_answer(settled: Settled) -> bool:
    return any(isinstance(outcome, Answer) for outcome in settled.outcomes)
