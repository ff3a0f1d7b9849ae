"""What earlier runs of `optimize` wrote below an output, and what others did.

    <output>/metrics.parquet                        names what the last whole run wrote
    <output>/.publishing/<run id>.parquet           what the one before it wrote, until that is gone
    <output>/.shrinking-<run id>/claims/*.jsonl     what a run was about to write: without endings
    <output>/.leases/                               who may write: see journal/run_records.py

A small file lies at its place as soon as it is shrunk, so a claim is written down before it is. All
of these go once nothing is left of earlier runs but what `metrics.parquet` names.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.answering.optimize_file import SMALL_ENDINGS
from tierwise.storage.files import files_for, join
from tierwise.storage.name_ranges import NameRange

METRICS_FILE = "metrics.parquet"
TOTALS_FILE = "optimize.json"
PUBLISHING = ".publishing"
LEASES = ".leases"
# Below it lies what a run has not put in place yet, and what it is about to write.
SHRINK_STAGING = ".shrinking-"
CLAIMS = "claims"
URI, OUTPUT = "uri", "output"
_PAGE = re.compile(r"\.page-\d+$")
_ENDINGS = frozenset(SMALL_ENDINGS.values())


class Kind(Enum):
    """What is known of a name below an output."""

    FOLDER = auto()  # a folder has the name of a small file
    LIES = auto()  # a file lies there
    WRITTEN = auto()  # a table of an earlier run names it
    CLAIMED = auto()  # an earlier run was about to write files that begin so


@dataclass(frozen=True, slots=True)
class Sign:
    """A name below an output, or how one begins."""

    kind: Kind
    name: str = ""
    uri: str = ""  # of the picture that it was written for, if it was


@dataclass(frozen=True, slots=True)
class Source:
    """Where signs are read: names of a range, a row group of a table, or a file of claims."""

    output: str
    uri: str = ""
    group: int = 0
    within: NameRange | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """How the small files of a picture will begin, and which picture that is."""

    stem: str
    uri: str
    content_hash: str


def write_claims(staging: str, claims: Sequence[Claim], uri: str = "") -> None:
    """Write down what will be written, in a file of its own or in the place of another."""
    lines = (json.dumps([claim.stem, claim.uri, claim.content_hash]) for claim in claims)
    uri = uri or join(staging, CLAIMS, f"{uuid.uuid4().hex}.jsonl")
    files_for(uri).write(uri, "".join(f"{line}\n" for line in lines).encode())


def read_claims(uri: str) -> list[Claim]:
    """What one file claims."""
    return [Claim(*json.loads(line)) for line in files_for(uri).read(uri).splitlines()]


def claim_files(output: str) -> Iterator[str]:
    """The files of claims of all runs that did not come to their end."""
    files = files_for(output)
    for name in files.folders(output):
        if name.startswith(SHRINK_STAGING):
            yield from (stat.uri for stat in files.walk(join(output, name, CLAIMS)))


def sources(output: str) -> Iterator[Source]:
    """All places where something is said of names below an output."""
    ranges = files_for(output).cut(output).ranges
    yield from (Source(output, within=within) for within in ranges)
    for uri in tables_before(output):
        yield from (Source(output, uri, group) for group in range(_row_groups(uri)))
    yield from (Source(output, uri, -1) for uri in claim_files(output))


def tables_before(output: str) -> tuple[str, ...]:
    """The tables of earlier runs."""
    files = files_for(output)
    tables = [stat.uri for stat in files.walk(join(output, PUBLISHING))]
    if files.exists(join(output, TOTALS_FILE)) and files.exists(join(output, METRICS_FILE)):
        tables.append(join(output, METRICS_FILE))
    return tuple(uri for uri in tables if _row_groups(uri))


def signs_in(source: Source) -> Iterator[Sign]:
    """What a source says."""
    if source.within is not None:
        yield from _lying(source.output, source.within)
    elif source.group < 0:
        yield from (Sign(Kind.CLAIMED, claim.stem) for claim in read_claims(source.uri))
    else:
        with files_for(source.uri).open(source.uri) as stream:
            rows = pq.ParquetFile(stream).read_row_group(source.group, columns=[OUTPUT, URI])
        for name, uri in zip(*(rows.column(one).to_pylist() for one in (OUTPUT, URI)), strict=True):
            if name and ".." not in name.split("/"):
                yield Sign(Kind.WRITTEN, name, uri)


def small_files_of(output: str, stem: str) -> Iterator[str]:
    """Names below an output of what may be small files of one picture."""
    top, folder = len(join(output, "")), stem.rpartition("/")[0]
    for stat in files_for(output).walk(join(output, folder) if folder else output):
        name = stat.uri[top:]
        if name.rpartition(".")[2] in _ENDINGS and stem_of_small(name) == stem:
            yield name


def stem_of_small(name: str) -> str:
    """A small file's name without ending and page.

    >>> stem_of_small("2009/a.b.page-0002.jpg")
    '2009/a.b'
    """
    return _PAGE.sub("", name.rpartition(".")[0])


def ours(signs: Sequence[Sign]) -> set[str]:
    """The files that lie there and are those of earlier runs."""
    known: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for sign in signs:
        known[sign.kind].add(sign.name)
    claimed = known[Kind.CLAIMED]
    return {
        name
        for name in known[Kind.LIES]
        if name in known[Kind.WRITTEN] or stem_of_small(name) in claimed
    }


def taken_folders(name: str) -> Iterator[str]:
    """How small files begin that cannot be, because folders above a name are called like them."""
    folders = name.split("/")[:-1]
    for depth, folder in enumerate(folders, start=1):
        stem, _, ending = folder.rpartition(".")
        if ending.casefold() in _ENDINGS:
            yield "/".join([*folders[: depth - 1], stem])


def _row_groups(uri: str) -> int:
    """0 for a table that is damaged, or not ours: it tells nothing."""
    try:
        with files_for(uri).open(uri) as stream:
            file = pq.ParquetFile(stream)
            return int(file.num_row_groups) if {URI, OUTPUT} <= {*file.schema_arrow.names} else 0
    except (pa.ArrowException, OSError):
        return 0


def _lying(output: str, within: NameRange) -> Iterator[Sign]:
    top = len(join(output, ""))
    for stat in files_for(output).walk(output, within):
        name = stat.uri[top:]
        if name.startswith(".") or not _is_text(name):  # our names are, so this is not in the way
            continue
        yield from (Sign(Kind.FOLDER, stem) for stem in taken_folders(name))
        if name.rpartition(".")[2].casefold() in _ENDINGS:
            yield Sign(Kind.LIES, name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
