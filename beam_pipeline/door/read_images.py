"""ReadImages: an archive as records; read_images does the same without a pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from tierwise.records import ImageFile
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Input, Named, list_names
from tierwise.transforms.hash_images import hash_file, keep_one
from tierwise.transforms.list_images import ListImages


class ReadImages(beam.PTransform):
    """The images of a folder, a pattern or a manifest: `ImageFile` records, no image bytes.

    >>> import apache_beam as beam
    >>> from tierwise import ReadImages
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     names = pipeline | ReadImages("examples/photos") | beam.Map(lambda file: file.name)
    ...     first = names | beam.combiners.Top.Of(1, reverse=True) | beam.Map(print)
    ['...']

    Args:
        input: folder, pattern, file or manifest, on a disk or in a bucket (gs://).
    """

    def __init__(self, input: str) -> None:  # noqa: A002 - the name that `run` has for it
        super().__init__()
        self._input = input
        self.found: Input
        self.left_out: dict[str, beam.PCollection[Any]] = {}

    @property
    def files(self) -> int:
        """How many files there are; about, where a listing is so long that it was cut."""
        if self.found.about is not None:
            return self.found.about
        return sum(isinstance(name, Named) for name in list_names(self.found))

    def expand(self, root: Any) -> beam.PCollection[ImageFile]:
        """Adds the listing to a pipeline.

        Raises:
            InputError: nothing is there, it cannot be read, or a manifest is malformed.
        """
        self.found = find_input(self._input)
        self.left_out = dict(root | "ListImages" >> ListImages(self.found))
        files: beam.PCollection[ImageFile] = self.left_out.pop("files")
        return files


def read_images(input: str) -> Iterator[ImageFile]:  # noqa: A002 - as above
    """The records of `ReadImages`, one after the other; raises InputError as it does.

    >>> from tierwise import read_images
    >>> sorted(file.name for file in read_images("examples/photos"))[:2]
    ['...']
    """
    rows = defaultdict(list)
    for name in list_names(find_input(input)):
        if isinstance(name, Named):
            rows[name.uri].append(name)
    for uri, some in rows.items():
        yield hash_file(next(keep_one(uri, some)))
