"""A part of what batch jobs ask: a file of requests, and beside it what each of them is about.

    journal/batches/parts/<run id>/<name>/requests.jsonl   as Google takes them
                                          asks.jsonl.gz    see `asked_rows`
                                          pictures/        what requests name, on Vertex AI

A part is written whole by one bundle. One that no order names was left by a bundle that failed, or
by a launcher that was killed before it ordered; nothing of it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tierwise.records import MediaResolution, Record
from tierwise.storage.files import join

REQUESTS, ASKS, PICTURES = "requests.jsonl", "asks.jsonl.gz", "pictures"


@dataclass(frozen=True, slots=True)
class SharedBeginning:
    """What `rows` begin with alike, which a cache could hold in its place.

    `key` is that of `tierwise.gemini.beginnings`; it takes `parts` of a row, which are about
    `tokens`, and `most_tokens` at most. `tasks` are those of its questions, `media_resolution` is
    their first's.
    """

    key: str
    rows: int
    parts: int
    tokens: int
    most_tokens: int
    tasks: tuple[str, ...]
    media_resolution: MediaResolution

    def with_rows(self, rows: int) -> SharedBeginning:
        """The same of so many rows more."""
        return replace(self, rows=self.rows + rows)


def added_up(some: Iterable[SharedBeginning]) -> tuple[SharedBeginning, ...]:
    """Each beginning once, with the rows of all that are the same."""
    found: dict[str, SharedBeginning] = {}
    for one in some:
        before = found.get(one.key)
        found[one.key] = before.with_rows(one.rows) if before else one
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Part(Record):
    """What is known of a part without reading it.

    Requests of one job have a `model` and a `shape` of their reply's schema in common. `rows` are
    requests, `images` the pictures in them, `bytes` those of the requests' file, `tokens` the most
    input that Google may count (what its limits of enqueued tokens are about), `worst` the most
    that they can cost (nano-dollars). `beginnings` are those that caches could hold.
    """

    folder: str
    model: str
    shape: str
    rows: int
    images: int
    bytes: int
    tokens: int
    worst: int
    beginnings: tuple[SharedBeginning, ...] = ()

    @property
    def requests(self) -> str:
        """The file of requests."""
        return join(self.folder, REQUESTS)

    @property
    def asks(self) -> str:
        """The file that says what each request is about."""
        return join(self.folder, ASKS)

    @property
    def pictures(self) -> str:
        """The folder of the pictures that requests name."""
        return join(self.folder, PICTURES)
