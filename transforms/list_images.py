"""ListImages: every name in the archive, with its content hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError
from tierwise.images.limits import LARGEST_FILE_BYTES
from tierwise.journal.run_records import Lease
from tierwise.records import ImageFile, Reason
from tierwise.storage.files import files_for
from tierwise.storage.listing import Input, Named, Skipped, list_names, split
from tierwise.storage.regular_files import NoRegularFileError
from tierwise.transforms.in_threads import InThreadsFn
from tierwise.transforms.keep_lease import keep_lease

SKIPPED = "skipped_files"
REPEATED_NAMES = "repeated_rows"
# Most files are small, or the listing told their hash.
_HASHED_AT_A_TIME = 32


class ListImages(beam.PTransform):
    """From nothing to `files`, ImageFile records, and the names that stand for no image of its own.

    Those are `skipped_files`, plain non-pictures, and `repeated_rows` of a manifest: a name that it
    holds twice is one image. A bucket is listed by several workers, each a range of names. Names
    are spread over the workers before anything is opened, and each is hashed there, unless the
    listing told the hash. Whoever lists keeps `lease`, if there is one.
    """

    def __init__(self, found: Input, lease: Lease | None = None) -> None:
        super().__init__()
        self._found = found
        self._lease = lease

    def expand(self, root: Any) -> dict[str, beam.PCollection[Any]]:
        """Adds the listing to a pipeline."""
        inputs = (
            root
            | "NameInput" >> beam.Create(split(self._found))
            | "SpreadInput" >> beam.Reshuffle()
        )
        listing = beam.ParDo(_ListNamesFn(self._found.uri)).with_outputs(SKIPPED, main="named")
        listed = keep_lease(inputs, self._lease, "KeepLease") | "ListNames" >> listing
        kept = (
            listed["named"]
            | "KeyByName" >> beam.Map(lambda named: (named.uri, named))
            | "SpreadNames" >> beam.GroupByKey()
            | "KeepOne" >> beam.FlatMapTuple(keep_one).with_outputs(REPEATED_NAMES, main="kept")
        )
        files = kept["kept"] | "HashFiles" >> beam.ParDo(InThreadsFn(hash_file, _HASHED_AT_A_TIME))
        return {"files": files, SKIPPED: listed[SKIPPED], REPEATED_NAMES: kept[REPEATED_NAMES]}


def keep_one(uri: str, rows: Iterable[Named]) -> Iterator[Named | TaggedOutput]:
    """One row for each name, the same one in whatever order they come; then the name for others."""
    first, *others = sorted(rows, key=lambda named: repr(sorted(named.columns.items())))
    yield first
    for _ in others:
        yield TaggedOutput(REPEATED_NAMES, uri)


def hash_file(named: Named) -> ImageFile:
    """What is known of a file before it is opened; one that cannot be read says why.

    A large one that is no picture is not read to its end to find out which.
    """
    files, path = files_for(named.path), named.path
    unread = ImageFile(named.uri, path, 0, "", named.columns)
    try:
        known = named.known or files.stat(path)
        unread = replace(unread, bytes=known.bytes)
        if known.bytes > LARGEST_FILE_BYTES:
            problem = (
                f"{named.uri}: {known.bytes:,} bytes, the limit is {LARGEST_FILE_BYTES:,}. "
                "Shrink or split the file."
            )
            return replace(unread, problem=problem, problem_reason=Reason.TOO_LARGE)
        if is_large(known.bytes) and not known.content_hash:
            check_head(path, named.uri)
        return ImageFile(
            uri=named.uri,
            path=path,
            bytes=known.bytes,
            content_hash=known.content_hash or files.content_hash(path),
            columns=named.columns,
            version=known.version,
            content_type=known.content_type,
        )
    except ImageError as error:
        return replace(unread, problem=error.message, problem_reason=error.reason)
    except NoRegularFileError as error:
        problem = f"{named.uri}: {error.strerror}"
        return replace(unread, problem=problem, problem_reason=Reason.UNSUPPORTED_FORMAT)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        problem = f"{named.uri}: {getattr(error, 'strerror', None) or error}"
        return replace(unread, bytes=0, problem=problem)


class _ListNamesFn(beam.DoFn):
    def __init__(self, uri: str) -> None:
        self._uri = uri

    def display_data(self) -> dict[str, Any]:
        return {"input": self._uri}

    def process(self, found: Input) -> Iterator[Named | TaggedOutput]:
        for name in list_names(found):
            yield TaggedOutput(SKIPPED, name.uri) if isinstance(name, Skipped) else name
