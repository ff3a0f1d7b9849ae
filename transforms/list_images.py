"""ListImages: every name in the archive, with its content hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from storage.files import files_for
from storage.listing import Input, Named, Skipped, list_names
from tierwise.records import ImageFile

SKIPPED = "skipped"


class ListImages(beam.PTransform):
    """From nothing to `files`, ImageFile records, and `skipped`, the names of plain non-pictures.

    Names are spread over the workers before anything is opened, and each is hashed there.
    """

    def __init__(self, found: Input) -> None:
        super().__init__()
        self._found = found

    def expand(self, root: Any) -> dict[str, beam.PCollection[Any]]:
        """Adds the listing to a pipeline."""
        listed = (
            root
            | "NameInput" >> beam.Create([self._found])
            | "ListNames" >> beam.FlatMap(_tagged_names).with_outputs(SKIPPED, main="named")
        )
        files = (
            listed["named"] | "SpreadNames" >> beam.Reshuffle() | "HashFiles" >> beam.Map(hash_file)
        )
        return {"files": files, SKIPPED: listed[SKIPPED]}


def hash_file(named: Named) -> ImageFile:
    """What is known of a file before it is opened; one that cannot be read says why."""
    files = files_for(named.path)
    try:
        return ImageFile(
            uri=named.uri,
            path=named.path,
            bytes=files.stat(named.path).bytes,
            content_hash=files.content_hash(named.path),
            columns=named.columns,
        )
    except OSError as error:
        problem = f"{named.uri}: {error.strerror or type(error).__name__}"
        return ImageFile(named.uri, named.path, 0, "", named.columns, problem)


def _tagged_names(found: Input) -> Iterator[Named | TaggedOutput]:
    for name in list_names(found):
        yield TaggedOutput(SKIPPED, name.uri) if isinstance(name, Skipped) else name
