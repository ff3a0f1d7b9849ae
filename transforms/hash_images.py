"""HashImages: every name once, with the hash of its content."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError, StoreError
from tierwise.images.limits import LARGEST_FILE_BYTES, PATIENCE_S
from tierwise.records import ImageFile, Reason
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.patience import read_patiently
from tierwise.storage.stat import Stat
from tierwise.transforms.in_threads import InThreadsFn

REPEATED_NAMES = "repeated_rows"
# Most files are small, or the listing told their hash.
_HASHED_AT_A_TIME = 32
# Reading from a disk keeps processors busy: more at a time would only keep Beam's thread from its
# turn, while others wait for a bucket's answer.
_reading_here = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))

# A file may have been hashed already, by whoever listed it.
Name = Named | ImageFile


class HashImages(beam.PTransform):
    """From names to `files`, each name once, and `repeated_rows`, the names for the others.

    Names are spread over the workers before anything is opened. A store that is away is waited for
    as long as patience lasts.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._patience_s = patience_s

    def expand(self, names: beam.PCollection[Name]) -> dict[str, beam.PCollection[ImageFile]]:
        """Adds the shuffle and the hashing to a pipeline."""
        kept = (
            names
            | "KeyByName" >> beam.Map(lambda named: (named.uri, named))
            | "SpreadNames" >> beam.GroupByKey()
            | "KeepOne" >> beam.FlatMapTuple(keep_one).with_outputs(REPEATED_NAMES, main="kept")
        )
        hash_one = partial(hash_file, patience_s=self._patience_s)
        hashing = beam.ParDo(InThreadsFn(hash_one, _HASHED_AT_A_TIME))
        files = kept["kept"] | "HashFiles" >> hashing.with_output_types(ImageFile)
        return {"files": files, REPEATED_NAMES: kept[REPEATED_NAMES]}


def keep_one(uri: str, rows: Iterable[Name]) -> Iterator[Name | TaggedOutput]:
    """One row for each name, the same one in whatever order they come; then the name for others."""
    yield min(rows, key=lambda named: repr(sorted(named.columns.items())))
    for place, _ in enumerate(rows):
        if place:
            yield TaggedOutput(REPEATED_NAMES, uri)


def hash_file(named: Name, patience_s: float = PATIENCE_S) -> ImageFile:
    """What is known of a file before it is opened; one that cannot be read says why.

    A large one that is no picture is not read to its end to find out which. A store that is away is
    waited for as long as patience lasts.
    """
    if isinstance(named, ImageFile):
        return named
    seen = [named.known] if named.known else []
    try:
        if named.known and named.known.content_hash:
            return _hashed(named, named.known)
        return read_patiently(
            lambda: _looked_at(named, seen),
            named.path,
            named.uri,
            patience_s,
            bytes_come="://" not in named.path,
        )
    except ImageError as error:
        return ImageFile(
            named.uri,
            named.path,
            seen[0].bytes if seen else 0,
            "",
            named.columns,
            problem=error.message,
            problem_reason=error.reason,
            untried=isinstance(error, StoreError) and error.ended,
        )


def _looked_at(named: Named, seen: list[Stat]) -> ImageFile:
    """`seen` keeps what was seen of it, should it fail half-way."""
    if not seen:
        seen.append(files_for(named.path).stat(named.path, waits=False))
    return _hashed(named, seen[0])


def _hashed(named: Named, known: Stat) -> ImageFile:
    if known.bytes > LARGEST_FILE_BYTES:
        problem = (
            f"{named.uri}: {known.bytes:,} bytes, the limit is {LARGEST_FILE_BYTES:,}. "
            "Shrink or split the file."
        )
        raise ImageError(Reason.TOO_LARGE, problem)
    if is_large(known.bytes) and not known.content_hash:
        check_head(named.path, named.uri)
    return ImageFile(
        uri=named.uri,
        path=named.path,
        bytes=known.bytes,
        content_hash=known.content_hash or _content_hash(named.path),
        columns=named.columns,
        version=known.version,
        content_type=known.content_type,
    )


def _content_hash(path: str) -> str:
    with nullcontext() if "://" in path else _reading_here:
        return files_for(path).content_hash(path)
