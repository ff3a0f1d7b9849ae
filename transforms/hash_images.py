"""HashImages: every name once, with the hash of its content."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.answering.large_files import check_head, is_large
from tierwise.errors import ImageError
from tierwise.images.limits import LARGEST_FILE_BYTES
from tierwise.records import ImageFile, Reason
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.regular_files import NoRegularFileError
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

    Names are spread over the workers before anything is opened.
    """

    def expand(self, names: beam.PCollection[Name]) -> dict[str, beam.PCollection[ImageFile]]:
        """Adds the shuffle and the hashing to a pipeline."""
        kept = (
            names
            | "KeyByName" >> beam.Map(lambda named: (named.uri, named))
            | "SpreadNames" >> beam.GroupByKey()
            | "KeepOne" >> beam.FlatMapTuple(keep_one).with_outputs(REPEATED_NAMES, main="kept")
        )
        hashing = beam.ParDo(InThreadsFn(hash_file, _HASHED_AT_A_TIME))
        files = kept["kept"] | "HashFiles" >> hashing.with_output_types(ImageFile)
        return {"files": files, REPEATED_NAMES: kept[REPEATED_NAMES]}


def keep_one(uri: str, rows: Iterable[Name]) -> Iterator[Name | TaggedOutput]:
    """One row for each name, the same one in whatever order they come; then the name for others."""
    yield min(rows, key=lambda named: repr(sorted(named.columns.items())))
    for place, _ in enumerate(rows):
        if place:
            yield TaggedOutput(REPEATED_NAMES, uri)


def hash_file(named: Name) -> ImageFile:
    """What is known of a file before it is opened; one that cannot be read says why.

    A large one that is no picture is not read to its end to find out which.
    """
    if isinstance(named, ImageFile):
        return named
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
            content_hash=known.content_hash or _content_hash(path),
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


def _content_hash(path: str) -> str:
    with nullcontext() if "://" in path else _reading_here:
        return files_for(path).content_hash(path)
