"""HashImages: every name once, with the hash of its content."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError, StoreError
from tierwise.images.limits import LARGEST_FILE_BYTES, PATIENCE_S
from tierwise.known_files import Change, KnownFile, Memory
from tierwise.records import STORE_REASONS, ImageFile, Reason, Record
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.patience import read_patiently
from tierwise.storage.places import place_of_path
from tierwise.storage.remembered_files import known_by_place
from tierwise.storage.stat import Stat
from tierwise.transforms.in_threads import InThreadsFn
from tierwise.transforms.match_moved import MatchMoved

FILES = "files"
REPEATED_NAMES = "repeated_rows"
KNOWN_FILES = "known_files"
_GONE = "gone"
# Most files are small, or the listing told their hash.
_HASHED_AT_A_TIME = 32
# Reading from a disk keeps processors busy: more at a time would only keep Beam's thread from its
# turn, while others wait for a bucket's answer.
_reading_here = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))

# A file may have been hashed already, by whoever listed it.
Name = Named | ImageFile


@dataclass(frozen=True, slots=True)
class Kept(Record):
    """One row of a name, and what is remembered of it."""

    named: Name
    before: KnownFile | None = None


@dataclass(frozen=True, slots=True)
class Looked(Record):
    """A file that was looked at, with the mark of its disk, and what is remembered of it."""

    file: ImageFile
    mark: str = ""
    before: KnownFile | None = None


class HashImages(beam.PTransform):
    """From names to `files`, each place once, and `repeated_rows`, the names for the others.

    Names are spread over the workers before anything is opened. A store that is away is waited for
    as long as patience lasts. With `memory`, what the last run knew of a file meets its name in
    the same shuffle: a file that its disk says is unchanged is not read. Then `known_files` come
    besides: what the next run is to remember, and the names that are gone.
    """

    def __init__(self, patience_s: float = PATIENCE_S, memory: Memory | None = None) -> None:
        super().__init__()
        self._patience_s = patience_s
        self._memory = memory

    def expand(self, names: beam.PCollection[Name]) -> dict[str, beam.PCollection[Any]]:
        """Adds the shuffle and the hashing to a pipeline."""
        memory = self._memory
        keyed = names | "KeyByPlace" >> beam.Map(lambda named: (place_of_path(named.path), named))
        if memory and memory.tables:
            known = (
                names.pipeline
                | "NameTables" >> beam.Create(memory.tables)
                | "SpreadTables" >> beam.Reshuffle()
                | "ReadTables" >> beam.FlatMap(known_by_place, memory.folder)
            )
            keyed = (keyed, known) | "NowAndThen" >> beam.Flatten()
        meet = beam.FlatMapTuple(_meet).with_outputs(REPEATED_NAMES, _GONE, main="kept")
        kept = keyed | "SpreadNames" >> beam.GroupByKey() | "KeepOne" >> meet
        look = partial(_look_at, patience_s=self._patience_s, rehash=bool(memory and memory.rehash))
        looked = kept["kept"] | "HashFiles" >> beam.ParDo(InThreadsFn(look, _HASHED_AT_A_TIME))
        files = looked | "Files" >> beam.Map(lambda one: one.file).with_output_types(ImageFile)
        found = {FILES: files, REPEATED_NAMES: kept[REPEATED_NAMES]}
        if memory:
            compares = bool(memory.tables)
            known = looked | "Know" >> beam.Map(_known, compares=compares)
            if compares:
                known = (known, kept[_GONE]) | "ToldChanges" >> _ToldChanges()
            found[KNOWN_FILES] = known
        return found


class _ToldChanges(beam.PTransform):
    """From `(files, gone)` to all of them, with those that moved as one file each."""

    def expand(
        self, inputs: tuple[beam.PCollection[KnownFile], beam.PCollection[KnownFile]]
    ) -> beam.PCollection[KnownFile]:
        """Adds the matching to a pipeline."""
        files, gone = inputs
        stayed = files | "Stayed" >> beam.Filter(lambda file: file.change != Change.NEW)
        new = files | "New" >> beam.Filter(lambda file: file.change == Change.NEW)
        moving = (new, gone) | "NewAndGone" >> beam.Flatten() | "MatchMoved" >> MatchMoved()
        return (stayed, moving) | "AllKnown" >> beam.Flatten()


def _meet(place: bytes, met: Iterable[Name | KnownFile]) -> Iterator[Kept | TaggedOutput]:
    """One row for a place, with what is remembered of it; or what is, where there is no row."""
    del place
    before = next((one for one in met if isinstance(one, KnownFile)), None)
    kept, rows = None, 0
    for one in met:
        if not isinstance(one, KnownFile):
            kept, rows = one if kept is None else min(kept, one, key=_order), rows + 1
    if kept is not None:
        yield Kept(kept, before)
        yield from (TaggedOutput(REPEATED_NAMES, kept.uri) for _ in range(rows - 1))
    elif before is not None:
        yield TaggedOutput(_GONE, replace(before, change=Change.GONE))


def keep_one(names: Iterable[Name]) -> Name:
    """One row of those for a place, the same one in whatever order they come."""
    return min(names, key=_order)


def _order(named: Name) -> tuple[str, str]:
    return repr(sorted(named.columns.items())), named.uri


def hash_file(named: Name, patience_s: float = PATIENCE_S) -> ImageFile:
    """What is known of a file before it is opened; one that cannot be read says why.

    A large one that is no picture is not read to its end to find out which. A store that is away is
    waited for as long as patience lasts.
    """
    return _look_at(Kept(named), patience_s).file


def _look_at(kept: Kept, patience_s: float = PATIENCE_S, *, rehash: bool = False) -> Looked:
    named, before = kept.named, kept.before
    if isinstance(named, ImageFile):
        return Looked(named, "", before)
    seen = [named.known] if named.known else []
    known_content = "" if rehash or not before else before.content_hash
    known_mark = before.mark if before else ""
    try:
        if named.known and named.known.content_hash:
            return Looked(_hashed(named, named.known), "", before)
        file, mark = read_patiently(
            lambda: _looked_at(named, seen, known_content, known_mark),
            named.path,
            named.uri,
            patience_s,
            bytes_come="://" not in named.path,
        )
        return Looked(file, mark, before)
    except ImageError as error:
        file = ImageFile(
            named.uri,
            named.path,
            seen[0].bytes if seen else 0,
            "",
            named.columns,
            problem=error.message,
            problem_reason=error.reason,
            untried=isinstance(error, StoreError) and error.ended,
        )
        return Looked(file, "", before)


def _looked_at(
    named: Named, seen: list[Stat], known_content: str, known_mark: str
) -> tuple[ImageFile, str]:
    """A file, and its mark if the bytes that were hashed are those of the mark.

    `seen` keeps what was seen of it, should it fail half-way. A known content is taken where the
    mark of its file is the same.
    """
    files = files_for(named.path)
    if not seen:
        seen.append(files.stat(named.path, waits=False))
    known = seen[0]
    if known_mark and known.mark == known_mark and known_content:
        return _hashed(named, replace(known, content_hash=known_content)), known.mark
    file = _hashed(named, known)
    if known.mark and files.stat(named.path, waits=False).mark != known.mark:
        return file, ""  # it was changed while it was read
    return file, known.mark


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


def _known(looked: Looked, *, compares: bool) -> KnownFile:
    """What the next run is to remember of a file, and how it has changed."""
    file, before = looked.file, looked.before
    content, mark = file.content_hash, looked.mark
    if before and not content and file.problem_reason in STORE_REASONS:
        content, mark = before.content_hash, before.mark  # its store was away: nothing is known
    known = KnownFile(file.uri, file.bytes, content, mark)
    if not compares:
        return known
    if before is None:
        return replace(known, change=Change.NEW)
    if content and content != before.content_hash:
        return replace(known, change=Change.CHANGED, content_before=before.content_hash)
    return known
