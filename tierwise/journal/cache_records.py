"""What a run wrote down of the caches that it made: who makes one, where it is, what it cost.

    journal/caches/<run id>/<prefix>-<number>/ordered.json     before it is made: one process alone
                                              made.json        what the service said of it
                                              renewing-<unique>.json, renewed-<unique>.json
                                              refused.json     nothing was made, or billed
                                              gone.json        it is there no more
    journal/caches/<run id>/claims/<number>                    under a cap, parts of its reserve

Of all processes of a run that want a prompt remembered one makes the cache, for only one can write
its order; the others read its name. A cache that is gone is followed by one with the next number.
An order without an outcome may have been carried out: it counts at its worst until whoever comes
later finds the cache by its display name, which nothing else has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from pydantic import TypeAdapter, ValidationError

from tierwise.accounts.costs import CACHE, CostKey, CostRow, CostTotals
from tierwise.answerer import Answerer
from tierwise.records import MediaResolution, ServiceTier, Spent
from tierwise.storage.files import Files, files_for, join

FOLDER = "caches"
_CLAIMS = "claims"
# So many parts has the reserve of a run under a cap.
MOST_CLAIMS = 100
# How far clocks may differ: a cache that has expired by ours may be there by theirs.
_CLOCKS = timedelta(minutes=10)
_NAME = re.compile(r"(ordered|made|refused|gone)\.json|(renewing|renewed)-[0-9a-f]+\.json")


@dataclass(frozen=True, slots=True)
class CacheOrder:
    """A cache before it is one. `worst` is the most that making it costs, in nano-dollars.

    `lifetime` is how long it is to live, `place` where it is kept (`Service.place`), `tasks` are
    those whose requests begin with it.
    """

    key: str
    display_name: str
    model: str
    place: str
    answerer: Answerer
    tasks: tuple[str, ...]
    media_resolution: MediaResolution
    service_tier: ServiceTier
    worst: int
    at: datetime
    lifetime: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CacheLife:
    """What a service said of a cache, and what it costs until it expires then (nano-dollars)."""

    name: str
    tokens: int
    created: datetime
    expires: datetime
    cost: int


@dataclass(frozen=True, slots=True)
class _AtMost:
    cost: int


@dataclass(frozen=True, slots=True)
class _Why:
    why: str


_ORDER: TypeAdapter[CacheOrder] = TypeAdapter(CacheOrder)
_LIFE: TypeAdapter[CacheLife] = TypeAdapter(CacheLife)
_AT_MOST: TypeAdapter[_AtMost] = TypeAdapter(_AtMost)
_WHY: TypeAdapter[_Why] = TypeAdapter(_Why)


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """All that is known of one cache. `life` is what was said of it last, None before."""

    order: CacheOrder
    life: CacheLife | None = None
    renewing_cost: int = 0
    refused: str = ""
    gone: bool = False

    @property
    def spent(self) -> Spent:
        """What it cost, and may have cost besides."""
        if self.life is None:
            return Spent(maybe_billed=0 if self.refused else self.order.worst)
        more = max(0, self.renewing_cost - self.life.cost)
        return Spent(cost=self.life.cost, maybe_billed=more)

    @property
    def claimed(self) -> int:
        """What of a reserve was claimed for it, in nano-dollars; nothing where it was refused."""
        if self.refused:
            return 0
        return max(self.order.worst, self.renewing_cost, self.life.cost if self.life else 0)

    @property
    def name(self) -> str:
        """What the service calls it, empty where nobody knows."""
        return self.life.name if self.life else ""

    @property
    def undecided(self) -> bool:
        """Whether nobody knows if it was made."""
        return self.life is None and not self.refused and not self.gone

    def lives_at(self, moment: datetime) -> bool:
        """Whether it can be named then, as far as is known."""
        return self.life is not None and not self.gone and moment < self.life.expires


@dataclass(frozen=True, slots=True)
class CacheFiles:
    """The records of one run."""

    journal: str
    run_id: str

    @property
    def folder(self) -> str:
        """Where they lie."""
        return join(self.journal, FOLDER, self.run_id)

    def order(self, order: CacheOrder) -> bool:
        """Write an order down; False where another process was first."""
        try:
            self._files.write_new(self._uri(order.key, "ordered"), _ORDER.dump_json(order))
        except FileExistsError:
            return False
        return True

    def made(self, key: str, life: CacheLife) -> None:
        """Note what came of an order."""
        self._write(key, "made", _LIFE.dump_json(life))

    def renewing(self, key: str, unique: str, at_most: int) -> None:
        """Note, before it is, that a cache is to be renewed, and what it may cost in all then."""
        self._write(key, f"renewing-{unique}", _AT_MOST.dump_json(_AtMost(at_most)))

    def renewed(self, key: str, unique: str, life: CacheLife | None) -> None:
        """Note what came of that; None where it was refused."""
        if life:
            self._write(key, f"renewed-{unique}", _LIFE.dump_json(life))
        self._files.delete(self._uri(key, f"renewing-{unique}"))

    def refused(self, key: str, why: str) -> None:
        """Note that an order was refused."""
        self._write(key, "refused", _WHY.dump_json(_Why(why)))

    def gone(self, key: str, why: str) -> None:
        """Note that a cache is there no more."""
        self._write(key, "gone", _WHY.dump_json(_Why(why)))

    def read(self, key: str) -> CacheRecord | None:
        """What is known of one cache, None where there is no order."""
        return _record(self._contents(join(self.folder, key)))

    def all(self) -> list[CacheRecord]:
        """Every cache of the run, in the order of their keys."""
        keys = [key for key in self._files.folders(self.folder) if key != _CLAIMS]
        return [record for key in keys if (record := self.read(key))]

    def may_cost(self, cost: int, reserve: int | None, claimed: int = 0) -> bool:
        """Whether a run's reserve, if it has one, has room for a cache to cost so much in all.

        Then that is taken. Of `claimed` nothing is taken again, so that a cache which is renewed
        often takes no more parts than one that costs as much at once.
        """
        if reserve is None:
            return True
        part = reserve // MOST_CLAIMS
        return part > 0 and self.claim(_parts(cost, part) - _parts(claimed, part))

    def costs_less(self, cost: int, reserve: int | None, claimed: int) -> None:
        """Give back what was taken for a cache beyond this: the service refused to bill it."""
        part = reserve // MOST_CLAIMS if reserve else 0
        if part and (spare := _parts(claimed, part) - _parts(cost, part)) > 0:
            uris = sorted(stat.uri for stat in self._files.walk(join(self.folder, _CLAIMS)))
            for uri in uris[-spare:]:
                self._files.delete(uri)

    def claim(self, parts: int) -> bool:
        """Take so many parts of a reserve; False, and none, where too few are left.

        A part is spent when something of it is.
        """
        if parts > MOST_CLAIMS:
            return False
        taken = list[str]()
        for number in range(MOST_CLAIMS):
            if len(taken) >= parts:
                break
            uri = join(self.folder, _CLAIMS, f"{number:03d}")
            with suppress(FileExistsError):
                self._files.write_new(uri, b"")
                taken.append(uri)
        if len(taken) >= parts:
            return True
        for uri in taken:  # a shorter prompt may do with them
            self._files.delete(uri)
        return False

    def _contents(self, folder: str) -> Iterator[tuple[str, bytes]]:
        uris = [stat.uri for stat in self._files.walk(folder)]
        named = [(uri.rpartition("/")[2], uri) for uri in uris]
        for name, uri in named:
            if _NAME.fullmatch(name):
                with suppress(FileNotFoundError):  # renewed meanwhile
                    yield name, self._files.read(uri)

    def _write(self, key: str, name: str, data: bytes) -> None:
        self._files.write(self._uri(key, name), data, durable=True)

    def _uri(self, key: str, name: str) -> str:
        return join(self.folder, key, f"{name}.json")

    @property
    def _files(self) -> Files:
        return files_for(self.journal)


def _parts(cost: int, part: int) -> int:
    """How many parts of a reserve a cost begins."""
    return -(-cost // part)


def numbered(prefix: str) -> Iterator[str]:
    """The keys of the caches of one prefix, one after the other.

    >>> keys = numbered("ab")
    >>> next(keys), next(keys)
    ('ab-0', 'ab-1')
    """
    return (f"{prefix}-{number}" for number in count())


def caches_of_runs(journal: str) -> dict[str, list[CacheRecord]]:
    """The caches of all runs of a journal, by run."""
    runs = files_for(journal).folders(join(journal, FOLDER))
    return {run: CacheFiles(journal, run).all() for run in runs}


def left_caches(
    journal: str, place: str, answerer: Answerer, now: datetime, *, but: Collection[str] = ()
) -> dict[str, list[CacheRecord]]:
    """By run, its caches at a service that may still be there; `but` are runs left alone."""

    def may_be_there(record: CacheRecord) -> bool:
        order = record.order
        if record.gone or record.refused or order.place != place:
            return False
        until = record.life.expires if record.life else order.at + order.lifetime
        return answerer.takes(order.answerer) and now < until + _CLOCKS

    by_run = caches_of_runs(journal).items()
    found = {run: list(filter(may_be_there, some)) for run, some in by_run if run not in but}
    return {run: some for run, some in found.items() if some}


def cost_rows(records: Iterable[CacheRecord]) -> list[CostRow]:
    """What caches cost, in equal parts for each task whose requests begin with them.

    It belongs to no image, and to no request. Each key has one row, however many caches it had.
    """
    spent = defaultdict[CostKey, Spent](Spent)
    for record in records:
        order = record.order
        route = order.model, order.media_resolution, order.service_tier
        for task, part in zip(order.tasks, record.spent.shares(len(order.tasks)), strict=True):
            spent[CostKey(task, *route, CACHE)] += part
    return [(key, CostTotals(one)) for key, one in spent.items() if one != Spent()]


def _record(contents: Iterable[tuple[str, bytes]]) -> CacheRecord | None:
    found: Mapping[str, bytes] = dict(contents)
    try:
        order = _ORDER.validate_json(found["ordered.json"])
    except (KeyError, ValidationError):
        return None
    lives = [
        _LIFE.validate_json(data)
        for name, data in found.items()
        if name == "made.json" or name.startswith("renewed-")
    ]
    at_most = [
        _AT_MOST.validate_json(data).cost
        for name, data in found.items()
        if name.startswith("renewing-")
    ]
    refused = found.get("refused.json")
    return CacheRecord(
        order,
        max(lives, key=lambda life: life.expires, default=None),
        max(at_most, default=0),
        _WHY.validate_json(refused).why if refused else "",
        "gone.json" in found,
    )
