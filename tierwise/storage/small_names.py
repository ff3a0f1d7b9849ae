"""Which names below an output of `optimize` are those of its small files, as its records say.

Tables and claims are those of tierwise/publishing/written_before.py. Of each name a digest of eight
bytes is kept, and of no more names than fit into 32 MB.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.storage.files import files_for, join

_MOST = 4_000_000
_TABLE, _COLUMN = "metrics.parquet", "output"
_EARLIER, _UNFINISHED, _CLAIMS = ".publishing", ".shrinking-", "claims"
# What the name of a small file has behind the one that was claimed.
_BEHIND = re.compile(r"(?:\.page-\d+)?\.[^./]+\Z")


class SmallNames:
    """The names of small files below one output."""

    def __init__(self, digests: array[int]) -> None:
        np.frombuffer(digests, np.uint64).sort()
        self._digests = digests

    def __contains__(self, name: str) -> bool:
        """Whether a name below the output is that of a small file, or of what is to be one."""
        return self._has(name) or self._has(_BEHIND.sub("", name))

    def _has(self, name: str) -> bool:
        digest = _digest(name)
        at = bisect_left(self._digests, digest)
        return at < len(self._digests) and self._digests[at] == digest


def small_names(output: str) -> SmallNames | None:
    """What the records of an output tell; None where they are gone, damaged, or too many."""
    digests = array("Q")
    try:
        for name in _recorded(output):
            if len(digests) == _MOST:
                return None
            digests.append(_digest(name))
    except (OSError, ValueError, pa.ArrowException):
        return None
    return SmallNames(digests) if digests else None


def _recorded(output: str) -> Iterator[str]:
    files = files_for(output)
    tables = [stat.uri for stat in files.walk(join(output, _EARLIER))]
    if files.exists(join(output, _TABLE)):
        tables.append(join(output, _TABLE))
    for uri in tables:
        with files.open(uri) as stream:
            file = pq.ParquetFile(stream)
            for rows in file.iter_batches(columns=[_COLUMN]):
                yield from filter(None, rows.column(0).to_pylist())
    for folder in files.folders(output):
        if folder.startswith(_UNFINISHED):
            for stat in files.walk(join(output, folder, _CLAIMS)):
                yield from (json.loads(line)[0] for line in files.read(stat.uri).splitlines())


def _digest(name: str) -> int:
    data = name.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
