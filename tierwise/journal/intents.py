"""What is about to be sent, written down before it is, so that a kill leaves no doubt what it cost.

    <journal>/intents/<run id>/<process>.<number>.jsonl

A file begins with what settled requests of its process came to, `{"paid": ...}`; then a request
opens a line before it is sent, and closes it once its outcome is durable or it was refused:

    {"opened": "17", "worst": 92000, "task": "kind", "model": ..., "at": ..., "asked": [[...]]}
    {"closed": "17", "paid": {"requests": 1, "cost": 41250}}

Of the files of a process the one with the highest number holds. A line that was cut off was not
followed by a request.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from tierwise.records import Spent
from tierwise.storage.files import files_for, join

FOLDER = "intents"
# The one file of a run that is over, in the place of those of its processes.
_ALL = "all"
_NAME = re.compile(r"(?P<process>[0-9a-z-]+)\.(?P<number>\d+)\.jsonl")


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that may be under way: the most it can cost (nano-dollars), and what it asks.

    `asked` are the content and the identity of each of its questions; `at` is ISO 8601, UTC.
    """

    worst: int
    task: str
    model: str
    at: str
    asked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """What requests came to whose outcome is durable; `cost` is at worst, in nano-dollars."""

    requests: int = 0
    cost: int = 0

    @classmethod
    def of(cls, spent: Iterable[Spent]) -> Sums:
        """The sum of what a reply settled."""
        total = sum(spent, Spent())
        return cls(total.requests, total.cost_at_worst)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.requests + other.requests, self.cost + other.cost)


@dataclass(slots=True)
class UnderWay:
    """The requests of one or more processes that are open, and what those before them came to."""

    opened: dict[str, Intent] = field(default_factory=dict)
    settled: Sums = Sums()

    @property
    def worst(self) -> int:
        """The most that they can cost, in nano-dollars."""
        return sum(intent.worst for intent in self.opened.values())

    def encoded(self) -> bytes:
        """As the beginning of a file."""
        opened = (opened_line(key, intent) for key, intent in self.opened.items())
        return b"".join([_encoded(_Line(paid=self.settled)), *opened])


class Sending:
    """One request that was announced. This one leaves no trace, for those who need none."""

    async def send(self) -> None:
        """Return when it may be sent."""

    def settle(self, paid: Sums) -> None:
        """Note that what came of it is durable, or that it was refused, and what that cost."""
        del paid


Check = Callable[[], Awaitable[None]]


async def unchecked() -> None:
    """For those who may always send."""


class Intents:
    """Where a process writes down what it is about to send: here nowhere.

    `process` names its files.
    """

    process = ""

    @asynccontextmanager
    async def announced(self, intent: Intent, check: Check = unchecked) -> AsyncIterator[Sending]:
        """Hold this from before a request waits for its turn until nothing of it is under way.

        Left by an exception, what was sent and not settled stays open. `check` is called once the
        intent is written down, and before anything is sent; where it raises, nothing is.
        """
        del intent, check
        yield Sending()

    async def tell(self) -> None:
        """Return once what was settled is written down, unless others are under way."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One of three kinds of line; see above."""

    opened: str = ""
    closed: str = ""
    worst: int = 0
    task: str = ""
    model: str = ""
    at: str = ""
    asked: tuple[tuple[str, str], ...] = ()
    paid: Sums = Sums()


_LINE: TypeAdapter[_Line] = TypeAdapter(_Line)


def opened_line(key: str, intent: Intent) -> bytes:
    """The line that opens a request."""
    return _encoded(
        _Line(key, "", intent.worst, intent.task, intent.model, intent.at, intent.asked)
    )


def closed_line(key: str, paid: Sums) -> bytes:
    """The line that closes it."""
    return _encoded(_Line(closed=key, paid=paid))


def decode_intents(data: bytes) -> UnderWay:
    """What one file says; a line that is no longer whole says nothing."""
    found = UnderWay()
    for written in data.split(b"\n"):
        try:
            line = _LINE.validate_json(written)
        except ValidationError:
            continue
        if line.opened:
            found.opened[line.opened] = Intent(
                line.worst, line.task, line.model, line.at, line.asked
            )
        elif line.closed:
            found.opened.pop(line.closed, None)
        found.settled += line.paid
    return found


def intents_of(journal: str, run_id: str) -> UnderWay | None:
    """What all processes of a run left under way; None where there is no trace of any."""
    folder = join(journal, FOLDER, run_id)
    files = files_for(folder)
    latest = _latest(folder)
    if not latest:
        return None
    if _ALL in latest:
        latest = {_ALL: latest[_ALL]}
    total = UnderWay()
    for process, uri in latest.items():
        found = decode_intents(files.read(uri))
        total.settled += found.settled
        total.opened |= {f"{process}/{key}": intent for key, intent in found.opened.items()}
    return total


def opened_by(folder: str, processes: Collection[str]) -> list[Intent]:
    """The requests that some processes of a run have open, while these may go on."""
    files, found = files_for(folder), list[Intent]()
    left = set(processes)
    while left:
        latest = {name: uri for name, uri in _latest(folder).items() if name in left}
        left &= latest.keys()  # who wrote nothing sent nothing
        for process, uri in latest.items():
            with suppress(FileNotFoundError):  # begun anew meanwhile: look again
                found += decode_intents(files.read(uri)).opened.values()
                left.remove(process)
    return found


def _latest(folder: str) -> dict[str, str]:
    """The file of each process that holds."""
    numbers: dict[str, dict[int, str]] = defaultdict(dict)
    for stat in files_for(folder).walk(folder):
        if name := _NAME.fullmatch(stat.uri.rpartition("/")[2]):
            numbers[name["process"]][int(name["number"])] = stat.uri
    return {process: uris[max(uris)] for process, uris in numbers.items()}


def begin_intents(journal: str, run_id: str) -> None:
    """Leave a first trace of a run: without any, nobody knows that it sent nothing."""
    folder = join(journal, FOLDER, run_id)
    uri = join(folder, intents_name("launcher", 0))
    files_for(uri).write(uri, UnderWay().encoded(), durable=True)


def tidy_intents(journal: str, run_id: str) -> None:
    """Make one small file of those of a run that is over: what it paid is told for good."""
    folder = join(journal, FOLDER, run_id)
    found = intents_of(journal, run_id)
    if found is None:
        return
    files = files_for(folder)
    kept = join(folder, intents_name(_ALL, 0))
    others = [stat.uri for stat in files.walk(folder) if stat.uri != kept]
    if others:
        files.write(kept, found.encoded(), durable=True)
        for uri in others:
            files.delete(uri)


def without_contents(data: bytes, contents: Collection[str]) -> bytes:
    """A file that names none of these contents; what its requests may cost stays."""
    digests = [content.rpartition(":")[2].encode() for content in contents]
    lines = data.splitlines(keepends=True)
    return b"".join(
        _without(line, contents) if any(digest in line for digest in digests) else line
        for line in lines
    )


def _without(written: bytes, contents: Collection[str]) -> bytes:
    try:
        line = _LINE.validate_json(written)
    except ValidationError:  # it was cut off, and no request followed
        return b""
    return _encoded(replace(line, asked=tuple(one for one in line.asked if one[0] not in contents)))


def intents_name(process: str, number: int) -> str:
    """The name of a process's file.

    >>> intents_name("ab12", 3)
    'ab12.3.jsonl'
    """
    return f"{process}.{number}.jsonl"


def _encoded(line: _Line) -> bytes:
    return _LINE.dump_json(line, exclude_defaults=True) + b"\n"
