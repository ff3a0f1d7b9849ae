"""MergePages: what all tasks say of one page, met from wherever it was answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import apache_beam as beam

from tierwise.compressed import compress, decompress
from tierwise.records import NamedOutcome, NamedPage


class MergePages(beam.PTransform):
    """From named outcomes, in any order, to one NamedPage for each page of each name."""

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[NamedPage]:
        """Adds the meeting to a pipeline."""
        return (
            rows
            | "KeyByPage" >> beam.Map(lambda row: (_key(row), compress(row)))
            | "Meet" >> beam.GroupByKey()
            | "Merge" >> beam.MapTuple(_merged)
        )


def _key(row: NamedOutcome) -> bytes:
    """16 bytes: the local runner holds all of them."""
    name = f"{row.outcome.page.number} {row.file.uri}"
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _merged(key: bytes, packed: Iterable[bytes]) -> NamedPage:
    del key
    rows: list[NamedOutcome] = [decompress(row) for row in packed]
    return NamedPage(rows[0].file, tuple(row.outcome for row in rows))
