"""ReadImages for Beam YAML: the images of an archive as rows."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from tierwise.beam_pipeline.door.read_images import ReadImages as Read
from tierwise.beam_pipeline.yaml_provider.rows import RECORD, file_row, file_rows
from tierwise.errors import InputError


class ReadImages(beam.PTransform):
    """Rows of the images in a folder, a pattern or a manifest; no image bytes.

    Columns: `uri`, `bytes` (of the file), `content_hash`, and those of the manifest and labels.

    Args:
        input: folder, pattern, file or manifest (with a column uri), on a disk or in a bucket
            (gs://).
        labels: a table, or a pattern of them, whose columns are joined to the images by uri.
    """

    _yaml_requires_inputs = False

    def __init__(self, *, input: str, labels: str | None = None) -> None:  # noqa: A002 - as in run
        super().__init__()
        self._read = Read(input, labels)

    def expand(self, root: Any) -> beam.PCollection[beam.Row]:
        """Adds the listing to a pipeline."""
        files = root | "ReadImages" >> self._read
        columns = dict(self._read.found.columns)
        if RECORD in columns:
            raise InputError(
                f"{self._read.found.uri}: a column cannot be named {RECORD}. Rename it."
            )
        return files | "FileRows" >> beam.Map(
            lambda file: file_row(file, columns)
        ).with_output_types(file_rows(columns))
