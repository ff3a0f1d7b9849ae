"""OptimizeImages: a small file for each image; optimize_images does the same without a pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from tierwise.answering.optimize_file import Shrinking, optimize_file
from tierwise.beam_pipeline.door.read_images import ReadImages, read_images
from tierwise.beam_pipeline.door.upstream import upstream
from tierwise.beam_pipeline.shrink_settings import image_settings
from tierwise.beam_pipeline.writable import writable
from tierwise.errors import InputError
from tierwise.metrics import Optimized
from tierwise.records import ImageFile
from tierwise.storage.file_addresses import local_path
from tierwise.storage.find_input import find_input
from tierwise.storage.overlap import count_apart
from tierwise.transforms.place_files import claims, place_files
from tierwise.transforms.shrink_images import ShrinkImages


class OptimizeImages(beam.PTransform):
    """Writes a small file for each image, and gives an `Optimized` record of what that did.

    Takes the images of `ReadImages`, perhaps filtered. `AskGemini` needs none of this: it shrinks
    by itself, without writing files.

    Args:
        output: folder for the small files; holds no file of the input.
        profile: content, text, objects, faces, aggressive or conservative.
        max_side: longest side in px; nothing is enlarged.
        quality: 1 to 100.
        format: jpeg or webp.
    """

    def __init__(
        self,
        output: str,
        *,
        profile: str | None = None,
        max_side: int | None = None,
        quality: int | None = None,
        format: str = "jpeg",  # noqa: A002 - the name that `optimize` has for it
    ) -> None:
        super().__init__()
        self._output = local_path(output)
        self.settings = image_settings(profile, max_side, quality, format)

    def expand(self, images: beam.PCollection[ImageFile]) -> beam.PCollection[Optimized]:
        """Adds the shrinking to a pipeline.

        Raises:
            InputError: the images do not come from `ReadImages`, or lie in the output folder.
        """
        read = upstream(images, ReadImages)
        if read is None:
            raise InputError("OptimizeImages: its images must come from ReadImages.")
        count_apart(read.found, self._output)
        shrinking = Shrinking(writable(self._output), self.settings)
        return images | "ShrinkImages" >> ShrinkImages(read.found, shrinking)


def optimize_images(input: str, output: str, **settings: Any) -> Iterator[Optimized]:  # noqa: A002
    """The records of `OptimizeImages` with these settings, one after the other."""
    output = local_path(output)
    found, small = find_input(input), OptimizeImages(output, **settings)
    count_apart(found, output)
    shrinking = Shrinking(writable(output), small.settings)
    claimed = defaultdict(list)
    for file in read_images(input):
        for key, claim in claims(found, file):
            claimed[key].append(claim)
    for key, some in claimed.items():
        for placed in place_files(key, some):
            yield from optimize_file(placed.file, placed.stem, shrinking)
