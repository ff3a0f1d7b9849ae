"""A job without some of its rows, for a service that refuses the whole file for them."""

from __future__ import annotations

from collections.abc import Collection

from tierwise.batches.job_files import JobOrder
from tierwise.batches.part import REQUESTS
from tierwise.gemini.batch.rows import read_row
from tierwise.storage.files import files_for, join


def without_lines(order: JobOrder, numbers: Collection[int]) -> list[str]:
    """Take lines, counted from 1 over all parts, out of what is sent; the keys of their rows."""
    before, keys = 0, list[str]()
    for part in order.parts:
        uri = join(part, REQUESTS)
        lines = files_for(uri).read(uri).splitlines(keepends=True)
        out = [at for at in range(len(lines)) if before + at + 1 in numbers]
        if out:
            keys += [key for at in out if (key := read_row(lines[at]).key)]
            rest = b"".join(line for at, line in enumerate(lines) if at not in out)
            files_for(uri).write(uri, rest, durable=True)
        before += len(lines)
    return keys
