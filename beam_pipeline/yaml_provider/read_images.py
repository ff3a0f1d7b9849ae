"""ReadImages for Beam YAML: an archive as rows."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.yaml_provider.rows import RECORD, file_row, file_rows
from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.transforms.list_images import REPEATED_NAMES, SKIPPED, ListImages


class ReadImages(beam.PTransform):
    """Rows of the images in a folder, a pattern or a manifest; no image bytes.

    Columns: `uri`, `bytes` (of the file), `content_hash`, and the manifest's own.

    Args:
        input: folder, pattern, file or manifest (.csv, .jsonl, .parquet with a column uri), on a
            disk or in a bucket (gs://).
    """

    _yaml_requires_inputs = False

    def __init__(self, *, input: str) -> None:  # noqa: A002 - the name that `run` has for it
        super().__init__()
        self.found = find_input(input)
        if RECORD in self.found.columns:
            raise InputError(f"{input}: a column cannot be named {RECORD}. Rename it.")
        self.left_out: dict[str, beam.PCollection[Any]] = {}

    @property
    def files(self) -> int:
        """How many files there are; about, where a listing is so long that it was cut."""
        if self.found.about is not None:
            return self.found.about
        return sum(isinstance(name, Named) for name in list_names(self.found))

    def expand(self, root: Any) -> beam.PCollection[beam.Row]:
        """Adds the listing to a pipeline."""
        columns = dict(self.found.columns)
        listed = root | "ListImages" >> ListImages(self.found)
        self.left_out = {name: listed[name] for name in (SKIPPED, REPEATED_NAMES)}
        return listed["files"] | "FileRows" >> beam.Map(
            lambda file: file_row(file, columns)
        ).with_output_types(file_rows(columns))
