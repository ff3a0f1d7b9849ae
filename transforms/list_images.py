"""ListImages: every name in the archive, with its content hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.journal.run_records import Lease
from tierwise.skipped_files import Tally
from tierwise.storage.listing import (
    Input,
    InputKind,
    Named,
    list_names,
    names_in,
    pieces_in,
    split,
)
from tierwise.storage.manifests.pieces import Piece
from tierwise.transforms.hash_images import HashImages
from tierwise.transforms.keep_lease import keep_lease

SKIPPED = "skipped_files"


class ListImages(beam.PTransform):
    """From nothing to `files`, ImageFile records, and the names that stand for no image of its own.

    Those are `skipped_files`, one `SkippedFiles` for each part that is listed, and `repeated_rows`
    of a manifest: a name that it holds twice is one image. A bucket is listed by several workers,
    each a range of names, and a manifest read by several, each a piece of it. Names are spread over
    the workers before anything is opened, and each is hashed there, unless the listing told the
    hash. Whoever lists keeps `lease`, if there is one.
    """

    def __init__(self, found: Input, lease: Lease | None = None) -> None:
        super().__init__()
        self._found = found
        self._lease = lease

    def expand(self, root: Any) -> dict[str, beam.PCollection[Any]]:
        """Adds the listing to a pipeline."""
        ranges = split(self._found)
        inputs = root | "NameInput" >> beam.Create(ranges)
        if len(ranges) > 1:
            inputs = inputs | "SpreadInput" >> beam.Reshuffle()
        inputs = keep_lease(inputs, self._lease, "KeepLease")
        if self._found.kind is InputKind.MANIFEST:
            inputs = inputs | "CutManifest" >> beam.FlatMap(pieces_in).with_output_types(Piece)
            inputs = inputs | "SpreadPieces" >> beam.Reshuffle()
        listing = beam.ParDo(_ListNamesFn(self._found)).with_outputs(SKIPPED, main="named")
        listed = inputs | "ListNames" >> listing
        hashed = listed["named"] | "HashImages" >> HashImages()
        return {**hashed, SKIPPED: listed[SKIPPED]}


class _ListNamesFn(beam.DoFn):
    def __init__(self, found: Input) -> None:
        self._found = found

    def display_data(self) -> dict[str, Any]:
        return {"input": self._found.uri}

    def process(self, part: Input | Piece) -> Iterator[Named | TaggedOutput]:
        tally = Tally()
        if isinstance(part, Piece):
            names = names_in(part, self._found, tally)
        else:
            names = list_names(part, tally)
        yield from (name for name in names if isinstance(name, Named))
        yield TaggedOutput(SKIPPED, tally.skipped)
