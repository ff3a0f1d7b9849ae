"""A part of what batch jobs ask: a file of requests, and beside it what each of them is about.

    journal/batches/parts/<run id>/<name>/requests.jsonl   as Google takes them
                                          asks.jsonl.gz    see `asked_rows`
                                          pictures/        what requests name, on Vertex AI

A part is written whole by one bundle. One that no order names was left by a bundle that failed, or
by a launcher that was killed before it ordered; nothing of it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.records import Record
from tierwise.storage.files import join

REQUESTS, ASKS, PICTURES = "requests.jsonl", "asks.jsonl.gz", "pictures"


@dataclass(frozen=True, slots=True)
class Part(Record):
    """What is known of a part without reading it.

    Requests of one job have a `model` and a `shape` of their reply's schema in common. `rows` are
    requests, `images` the pictures in them, `bytes` those of the requests' file, `tokens` the most
    input that Google may count (what its limits of enqueued tokens are about), `worst` the most
    that they can cost (nano-dollars).
    """

    folder: str
    model: str
    shape: str
    rows: int
    images: int
    bytes: int
    tokens: int
    worst: int

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
