"""Every name of an archive, from a listing or a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.skipped_files import Kind, Tally
from tierwise.storage.listing import (
    Input,
    InputKind,
    Named,
    Skipped,
    list_names,
    names_in,
    pieces_in,
    split,
)
from tierwise.storage.manifests.pieces import Piece
from tierwise.transforms.keep_lease import keep_lease

SKIPPED = "skipped_files"
UNLISTED = "unlisted_folders"
NAMED = "named"


def names_listed(
    root: Any, found: Input, lease: Lease | None = None
) -> Mapping[str, beam.PCollection[Any]]:
    """Adds the listing to a pipeline: `named`, Named records, and `skipped_files`.

    `unlisted_folders` are those that cannot be read, so that nobody knows what lies below them.

    A bucket is listed by several workers, each a range of names, and a manifest read by several,
    each a piece of it. Whoever lists keeps `lease`, if there is one.
    """
    ranges = split(found)
    parts = root | "NameInput" >> beam.Create(ranges)
    if len(ranges) > 1:
        parts = parts | "SpreadInput" >> beam.Reshuffle()
    if found.kind is InputKind.MANIFEST:
        parts = parts | "CutManifest" >> beam.FlatMap(pieces_in).with_output_types(Piece)
        parts = parts | "SpreadPieces" >> beam.Reshuffle()
    parts = keep_lease(parts, lease, "KeepLease")
    listing = beam.ParDo(_ListNamesFn(found)).with_outputs(SKIPPED, UNLISTED, main=NAMED)
    listed = parts | "ListNames" >> listing
    return {name: listed[name] for name in (NAMED, SKIPPED, UNLISTED)}


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
        try:
            for name in names:
                if isinstance(name, Named):
                    yield name
                elif isinstance(name, Skipped) and name.kind is Kind.UNREADABLE:
                    yield TaggedOutput(UNLISTED, name.uri)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError(f"--input={self._found.uri}: cannot be listed: {reason}.") from error
        yield TaggedOutput(SKIPPED, tally.skipped)
