"""The journal on a disk or in a bucket.

    journal/<shard>/<run id>-<unique>.<lines>.jsonl
    journal/set-aside/<run id>/<shard>/*.damaged    objects, as a run found them
    journal/attempts/<run id>/                      under a cap, while a run goes on: attempts.py
    journal/caches/<run id>/                        see cache_records.py
    journal/doubts/<run id>/                        see tierwise/journal/doubts.py
    journal/intents/<run id>/                       see intents.py
    journal/people/                                 see people_files.py
    journal/workers/<run id>/                       see tierwise/journal/rate_share.py
    journal/closed/<run>.json                       see tierwise/publishing/closing.py
    journal/runs/                                   see tierwise/journal/run_records.py

A shard is the first hexadecimal digits of the content hash, so that the worker that is handed a
shard of images finds all their paid answers with one listing, whichever run or worker wrote them.
Objects are written whole, under names never used again, before an answer leaves its worker.

A damaged object is copied to where nobody looks for answers, then replaced by its whole lines and a
mark for each that was lost, since its requests may have been paid. Both steps come to the same
however often and by however many workers they are taken.
"""

from __future__ import annotations

import re
import uuid
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from tierwise.accounts.admission import Billed, Paid
from tierwise.answerer import AnsweredBy
from tierwise.drawn import PICTURES
from tierwise.journal.cache_records import FOLDER as CACHES
from tierwise.journal.cache_records import CacheFiles, caches_of_runs
from tierwise.journal.intents import FOLDER as INTENTS
from tierwise.journal.intents import tidy_intents
from tierwise.journal.lines import Decoded, Entry, object_name, read_lines, to_lines
from tierwise.journal.people_files import PeopleFiles
from tierwise.journal.reading import ANYBODYS, UNSIGNED, Reading
from tierwise.journal.recalled import Recalled, recall
from tierwise.journal.run_records import check_lease
from tierwise.people import People
from tierwise.records import Spent
from tierwise.storage.files import files_for, join

ATTEMPTS = "attempts"

_HEXADECIMAL = re.compile("[0-9a-f]+")
# Digits of a shard's name, by the number of images: about a thousand images to a shard.
_IMAGES_PER_SHARD = 1000
# Under a cap each shard has a purse, which is used the better the more images share it.
_IMAGES_PER_PURSE = 4000
_IMAGES_PER_ORDERED_PURSE = 16_000
_MOST_DIGITS_CAPPED = 4
# Drawn pictures that are looked for at a time.
_LOOKS_TOGETHER = 16


def shard_digits(images: int) -> int:
    """How many digits name a shard, 1 to 6: 16 shards up to 16 thousand images, and so on.

    >>> [shard_digits(n) for n in (10, 16_000, 16_001, 100_000_000)]
    [1, 1, 2, 5]
    """
    return next((d for d in range(1, 6) if images <= _IMAGES_PER_SHARD * 16**d), 6)


def capped_digits(images: int, *, ordered: bool = False) -> int:
    """The same under a cap: 0 to 4, for a small archive is one shard with one purse.

    Where some images are more wanted, more of them share a purse: within one, the order is exact.

    >>> [capped_digits(n) for n in (4000, 4001, 64_001, 100_000_000)]
    [0, 1, 2, 4]
    >>> [capped_digits(n, ordered=True) for n in (16_000, 16_001)]
    [0, 1]
    """
    most = _IMAGES_PER_ORDERED_PURSE if ordered else _IMAGES_PER_PURSE
    digits = range(_MOST_DIGITS_CAPPED)
    return next((d for d in digits if images <= most * 16**d), _MOST_DIGITS_CAPPED)


def shard_of(content_hash: str, digits: int) -> str:
    """The shard that an image belongs to.

    >>> shard_of("sha256:0a1b2c", 2)
    '0a'
    """
    return content_hash.rpartition(":")[2][:digits]


@dataclass(frozen=True, slots=True)
class Damage:
    """How many objects a run set aside, how many of their lines are lost, and where they lie."""

    objects: int
    lost_lines: int
    folder: str


@dataclass(frozen=True, slots=True)
class JournalFiles:
    """The journal of one output folder, as one run sees it. `digits` name this run's shards.

    Folders have one digit at least: with none, the only shard is all of them.
    Only runs mend what they find damaged; a look for a forecast changes nothing. `reading` says
    what of other runs counts for this one. `number` is that of its lease, 0 for a look that has
    none.
    """

    folder: str
    run_id: str
    digits: int
    mends: bool = True
    reading: Reading = ANYBODYS
    number: int = 0

    @property
    def output(self) -> str:
        """The output that it belongs to."""
        return self.folder.rstrip("/").rpartition("/")[0]

    @property
    def attempts(self) -> str:
        """Where this run's bundles say which shards they have begun, under a cap."""
        return join(self.folder, ATTEMPTS, self.run_id)

    @property
    def workers(self) -> str:
        """Where this run's workers say that they want to ask."""
        return join(self.folder, "workers", self.run_id)

    @property
    def doubts(self) -> str:
        """Where this run's workers tell each other that they are refused."""
        return join(self.folder, "doubts", self.run_id)

    @property
    def intents(self) -> str:
        """Where this run's workers write down what they are about to send."""
        return join(self.folder, INTENTS, self.run_id)

    @property
    def caches(self) -> CacheFiles:
        """What this run writes down of the caches that it makes."""
        return CacheFiles(self.folder, self.run_id)

    def _paid_for_caches_before(self) -> Paid:
        """What earlier runs have paid, or may have, for caches."""
        services = defaultdict[str, Billed](Billed)
        for run_id, records in caches_of_runs(self.folder).items():
            for record in records if run_id != self.run_id else ():
                answerer = record.order.answerer
                if self.reading.answerer is None or self.reading.answerer.takes(answerer):
                    services[answerer.service] += Billed(0, record.spent)
        return Paid(sum((one.spent for one in services.values()), Spent()), 0, dict(services))

    @property
    def runs(self) -> str:
        """Where the records of all runs lie."""
        return join(self.folder, "runs")

    @property
    def lease(self) -> tuple[str, int]:
        """Where the lease of this run lies, and its number."""
        return self.runs, self.number

    def check_lease(self) -> None:
        """See whether this run still holds the lease; raises LeaseLostError."""
        check_lease(self.runs, self.run_id, self.number)

    def read(
        self,
        shard: str,
        *,
        earlier_only: bool = False,
        paid_for: Collection[str] | None = None,
    ) -> Recalled:
        """What was paid for the images of a shard, by this run and by all before it.

        With `earlier_only` it is as if this run had not begun, whenever it is read. With
        `paid_for`, what this run `paid` is counted for these contents alone.

        Raises:
            JournalError: an object is of a newer version.
        """
        objects = (found for name in self._folders(shard) for _, found in self._objects(name))
        ours = (
            entry
            for found in objects
            for entry in found.entries
            if shard_of(entry.content_hash, self.digits) == shard
            and not (earlier_only and entry.run_id == self.run_id)
        )
        kept = self._with_pictures(ours)
        recalled = recall(kept, run_id=self.run_id, reading=self.reading, paid_for=paid_for)
        recalled.people = self.people()
        return recalled

    def _with_pictures(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Without what earlier runs drew and somebody has deleted since: that is drawn again."""
        entries = list(entries)
        named = {
            file: join(self.output, file)
            for entry in entries
            if entry.run_id != self.run_id and (file := _drawn_file(entry))
        }
        if not named:
            yield from entries
            return
        files = files_for(self.output)
        with ThreadPoolExecutor(_LOOKS_TOGETHER) as pool:
            there = dict(zip(named, pool.map(files.exists, named.values()), strict=True))
        yield from (entry for entry in entries if there.get(_drawn_file(entry), True))

    def people(self) -> People:
        """What people have said, of all shards.

        Raises:
            JournalError: it cannot be read, or is of a newer version.
        """
        if self.number:  # nobody else writes while a run has its lease
            return _people(self.folder, self.run_id, self.number)
        found = PeopleFiles(self.folder).read()
        return found.told(self.reading.said, self.reading.taken_back)

    def spent_on(self, shard: str, request_ids: Collection[str]) -> dict[str, Spent]:
        """What questions about images of a shard cost, whichever run paid, as far as any did."""
        spent: dict[str, Spent] = {}
        for name in self._folders(shard):
            for _, found in self._objects(name):
                for entry in found.entries:
                    ours = entry.run_id == self.run_id or self.reading.takes(entry)
                    if ours and entry.request_id in request_ids:
                        before = spent.get(entry.request_id, Spent())
                        spent[entry.request_id] = before + entry.spent
        return spent

    def folders(self) -> list[str]:
        """Names of all folders of answers, those of images that left the archive included."""
        names = files_for(self.folder).folders(self.folder)
        return [name for name in names if _HEXADECIMAL.fullmatch(name)]

    def paid_folders(self) -> list[str]:
        """The same, and that of caches where there are any: all that tells what was paid."""
        caches = files_for(self.folder).folders(join(self.folder, CACHES))
        return [*self.folders(), *([CACHES] if caches else [])]

    def paid_before(self, name: str) -> Paid:
        """What earlier runs have paid, or may have, by one folder, and its lines that are lost."""
        if name == CACHES:
            return self._paid_for_caches_before()
        lost, left_alone = 0, Counter[str]()
        services, runs = defaultdict[str, Billed](Billed), defaultdict[str, Spent](Spent)
        for run_id, found in self._objects(name):
            if self.reading.loses(run_id, found.entries):
                lost += found.damaged + found.lost
            for entry in found.entries:
                answerer, answers = self.reading.signed(entry), int(_is_of_gemini(entry))
                if entry.run_id == self.run_id:
                    continue
                if self.reading.takes(entry):
                    service = answerer.service if answerer else UNSIGNED
                    services[service] += Billed(answers, entry.spent)
                    runs[entry.run_id] += entry.spent
                else:
                    left_alone[answerer.told if answerer else UNSIGNED] += answers
        spent = sum((billed.spent for billed in services.values()), Spent())
        return Paid(spent, lost, dict(services), dict(left_alone), dict(runs))

    def write(self, entries: Sequence[Entry], stem: str = "", *, keeps: bool = False) -> None:
        """Make entries durable: one object per shard.

        Entries with the same `stem`, if one is given, replace what they wrote before, unless that
        `keeps`.
        """
        stem = stem or uuid.uuid4().hex[:12]
        by_shard: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_shard[shard_of(entry.content_hash, max(1, self.digits))].append(entry)
        for shard, some in by_shard.items():
            if keeps and self._has(shard, stem):
                continue
            name = object_name(f"{self.run_id}-{stem}", len(some))
            uri = join(self.folder, shard, name)
            files_for(uri).write(uri, to_lines(some), durable=True)

    def _has(self, shard: str, stem: str) -> bool:
        """Whether this run has an object of this stem in a shard, of however many lines."""
        folder = join(self.folder, shard)
        names = (stat.uri.rpartition("/")[2] for stat in files_for(folder).walk(folder))
        return any(name.startswith(f"{self.run_id}-{stem}.") for name in names)

    def forget_attempts(self) -> None:
        """Delete what workers noted, once the run is over; sums are kept.

        Who still works under a cap sends nothing more, see attempts.py.
        """
        for folder in (self.attempts, self.workers, self.doubts):
            files_for(folder).remove_folder(folder)
        tidy_intents(self.folder, self.run_id)

    def damage(self) -> Damage:
        """What this run found damaged."""
        files = files_for(self._set_aside)
        found = [
            read_lines(files.read(stat.uri), name=stat.uri).damaged
            for stat in files.walk(self._set_aside)
        ]
        return Damage(len(found), sum(found), self._set_aside)

    @property
    def _set_aside(self) -> str:
        return join(self.folder, "set-aside", self.run_id)

    def _decoded(self, folder: str, uri: str, data: bytes) -> Decoded:
        found = read_lines(data, name=uri)
        if found.damaged and self.mends:
            files = files_for(uri)
            copy = join(self._set_aside, folder, uri.rpartition("/")[2] + ".damaged")
            files.write(copy, data, durable=True)
            files.write(uri, found.mended(), durable=True)
        return found

    def _folders(self, shard: str) -> list[str]:
        """This shard's folder, and those of runs that cut the archive finer or coarser."""
        ours = [shard[:digits] for digits in range(1, len(shard) + 1)] or list("0123456789abcdef")
        finer = _folders_with_more_digits(self.folder, self.run_id, max(1, self.digits))
        begin = bisect_left(finer, shard)
        return [*ours, *takewhile(lambda name: name.startswith(shard), finer[begin:])]

    def _objects(self, name: str) -> Iterator[tuple[str, Decoded]]:
        """What a folder holds, each object with the run that wrote it."""
        files = files_for(self.folder)
        found = (stat.uri for stat in files.walk(join(self.folder, name)))
        uris = [uri for uri in found if uri.endswith(".jsonl")]
        for uri, data in zip(uris, files.read_all(uris), strict=True):
            run_id = uri.rpartition("/")[2].rpartition("-")[0]
            yield run_id, self._decoded(name, uri, data)


def _drawn_file(entry: Entry) -> str:
    """The file below the output that an entry tells of; empty where nothing was drawn."""
    value = entry.answer.value if entry.answer else None
    file = value.get("file") if isinstance(value, dict) else None
    content = entry.content_hash.replace(":", "-")
    drawn = isinstance(file, str) and file.startswith(f"{PICTURES}/task=") and content in file
    return str(file) if drawn else ""


@lru_cache(maxsize=2)
def _people(folder: str, run_id: str, number: int) -> People:
    """Looked up once for a run and its lease."""
    del run_id, number
    return PeopleFiles(folder).read()


def _is_of_gemini(entry: Entry) -> bool:
    return entry.answer is not None and entry.answer.answered_by is AnsweredBy.GEMINI


@lru_cache(maxsize=1)
def _folders_with_more_digits(folder: str, run_id: str, digits: int) -> list[str]:
    """Sorted; looked up once, for a look per shard takes a day where there are a million of them.

    While the run `run_id` goes on there will be no more: its own have `digits`.
    """
    del run_id
    return [name for name in JournalFiles(folder, "", digits).folders() if len(name) > digits]
