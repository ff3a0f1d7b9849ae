"""ReadImages: an archive as records; read_images does the same without a pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from tierwise.records import ImageFile
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.storage.joined_names import all_label_rows, joined
from tierwise.storage.listing import Input, InputKind, Named, list_names
from tierwise.storage.places import place_of_path
from tierwise.transforms.hash_images import hash_file, keep_one
from tierwise.transforms.list_images import ListImages


class ReadImages(beam.PTransform):
    """The images of a folder, a pattern or a manifest: `ImageFile` records, no image bytes.

    Args:
        input: folder, pattern, file or manifest, on a disk or in a bucket (gs://).
        labels: a table, or a pattern of them, whose columns are joined to the images by `uri`.
    """

    def __init__(self, input: str, labels: str | None = None) -> None:  # noqa: A002 - as in `run`
        super().__init__()
        self._input = input
        self._labels = labels
        self.found: Input
        self.left_out: dict[str, beam.PCollection[Any]] = {}

    @property
    def files(self) -> int:
        """How many files there are; about, where a listing is so long that it was cut."""
        if self.found.about is not None:
            return self.found.about
        names = (name.path for name in list_names(self.found) if isinstance(name, Named))
        if self.found.kind is InputKind.MANIFEST:  # it may name a file more than once
            return len(set(map(place_of_path, names)))
        return sum(1 for _ in names)

    def expand(self, root: Any) -> beam.PCollection[ImageFile]:
        """Adds the listing to a pipeline.

        Raises:
            InputError: nothing is there, it cannot be read, or a manifest is malformed.
        """
        self.found = _found(self._input, self._labels)
        self.left_out = dict(root | "ListImages" >> ListImages(self.found))
        files: beam.PCollection[ImageFile] = self.left_out.pop("files")
        return files


def read_images(
    input: str,  # noqa: A002 - as in `run`
    labels: str | None = None,
) -> Iterator[ImageFile]:
    r"""The records of `ReadImages`, one after the other; raises InputError as it does.

    A manifest's columns ride along, and a name that it holds twice is one image:

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> manifest = Path(mkdtemp(), "list.csv")
    >>> _ = manifest.write_text("uri,customer\na.jpg,zoo\na.jpg,zoo\n")
    >>> [(file.name, file.columns["customer"]) for file in read_images(str(manifest))]
    [('a.jpg', 'zoo')]

    So do those of a table of labels:

    >>> labels = manifest.with_name("labels.csv")
    >>> _ = labels.write_text("uri,old\nlist.csv,dog\na.jpg,cat\n")
    >>> [dict(file.columns) for file in read_images(str(manifest), str(labels))]
    [{'customer': 'zoo', 'old': 'cat'}]

    One that cannot be read is a record too, which says why:

    >>> [file.problem.rpartition(": ")[2] for file in read_images(str(manifest))]
    ['No such file or directory']
    """
    found, rows = _found(input, labels), defaultdict(list)
    names = list_names(found)
    if found.labels:
        names = joined(names, all_label_rows(found.labels), found.labels)
    for name in names:
        if isinstance(name, Named):
            rows[place_of_path(name.path)].append(name)
    for some in rows.values():
        yield hash_file(keep_one(some))


def _found(uri: str, labels: str | None) -> Input:
    found = find_input(uri)
    return with_labels(found, labels) if labels else found
