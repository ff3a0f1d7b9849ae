"""OptimizeImages for Beam YAML: small files, and rows of what shrinking did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.typehints.row_type import RowTypeConstraint

from tierwise.beam_pipeline.door.optimize_images import OptimizeImages as Optimize
from tierwise.beam_pipeline.yaml_provider.error_output import GOOD, error_output
from tierwise.beam_pipeline.yaml_provider.rows import RowsOfImages, check_records, nullable
from tierwise.metrics import Optimized, metrics_row

_TEXTS = ("uri", "content_hash", "output", "format", "sent_format")
_NUMBERS = ("page", "bytes", "width", "height", "sent_bytes", "sent_width", "sent_height")
_MEASURED = [
    *[(name, nullable(str)) for name in _TEXTS],
    *[(name, nullable(int)) for name in _NUMBERS],
    ("reduction_percent", nullable(float)),
    ("perceptual_hash", nullable(str)),
]
_FAILED = [
    *[(name, nullable(str)) for name in ("uri", "content_hash", "reason", "message")],
    ("page", nullable(int)),
]


class OptimizeImages(beam.PTransform):
    """Writes a small file for each image, and gives a row per image with its sizes.

    Takes the rows of ReadImages, perhaps filtered. Two outputs: images that were shrunk, and those
    that could not be, under the name that `error_handling` gives. AskGemini needs none of this: it
    shrinks by itself, without writing files.

    Args:
        output: folder for the small files; holds no file of the input.
        profile: content, text, objects, faces, aggressive or conservative.
        max_side: longest side in px; nothing is enlarged.
        quality: 1 to 100.
        format: jpeg or webp.
        error_handling: {output: NAME} of the output for failures.
    """

    def __init__(
        self,
        *,
        output: str,
        profile: str | None = None,
        max_side: int | None = None,
        quality: int | None = None,
        format: str = "jpeg",  # noqa: A002 - the name that `optimize` has for it
        error_handling: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._failures = error_output("OptimizeImages", error_handling)
        self._optimize = Optimize(
            output, profile=profile, max_side=max_side, quality=quality, format=format
        )

    def expand(self, rows: beam.PCollection[Any]) -> dict[str, beam.PCollection[beam.Row]]:
        """Adds the shrinking to a pipeline."""
        check_records(rows, "OptimizeImages", "ReadImages")
        given = RowsOfImages.of(rows)
        shrunk = rows | "Images" >> beam.Map(given.image) | "OptimizeImages" >> self._optimize
        good, failed = shrunk | "ByOutcome" >> beam.Partition(
            lambda one, _: int(one.failure is not None), 2
        )
        return {GOOD: good | "Shrunk" >> _rows(_MEASURED), self._failures: failed | _rows(_FAILED)}


def _rows(fields: list[tuple[str, Any]]) -> beam.PTransform:
    def as_row(one: Optimized) -> beam.Row:
        row = metrics_row(one)
        return beam.Row(**{name: row.get(name) for name, _ in fields})

    return beam.Map(as_row).with_output_types(RowTypeConstraint.from_fields(fields))
