"""ListImages: every name in the archive, with its content hash."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from tierwise.images.limits import PATIENCE_S
from tierwise.journal.run_records import Lease
from tierwise.known_files import Memory
from tierwise.storage.listing import Input, InputKind
from tierwise.transforms.hash_images import HashImages
from tierwise.transforms.join_labels import JoinLabels
from tierwise.transforms.list_names import NAMED, SKIPPED, UNLISTED, names_listed
from tierwise.transforms.recall_names import RecallNames

_LISTED = (InputKind.FOLDER, InputKind.PATTERN)


class ListImages(beam.PTransform):
    """From nothing to `files`, ImageFile records, and the names that stand for no image of its own.

    Those are `skipped_files`, one `SkippedFiles` for each part that is listed, and `repeated_rows`
    of a manifest: a name that it holds twice is one image. Names are spread over the workers before
    anything is opened, and each is hashed there, unless the listing told the hash. Where a table of
    labels is joined, what is counted of it comes besides (`JoinLabels`). Whoever lists keeps
    `lease`, if there is one. A store that is away is waited for as long as patience lasts. Below a
    folder that cannot be listed are the names that the `tables` of an earlier run hold. With
    `memory`, `known_files` come besides (`HashImages`).
    """

    def __init__(
        self,
        found: Input,
        lease: Lease | None = None,
        patience_s: float = PATIENCE_S,
        tables: tuple[str, ...] = (),
        memory: Memory | None = None,
    ) -> None:
        super().__init__()
        self._found = found
        self._lease = lease
        self._patience_s = patience_s
        self._tables = tables
        self._memory = memory

    def expand(self, root: Any) -> dict[str, beam.PCollection[Any]]:
        """Adds the listing to a pipeline."""
        listed = names_listed(root, self._found, self._lease)
        named, counted = listed[NAMED], {SKIPPED: listed[SKIPPED]}
        if self._tables and self._found.kind in _LISTED:
            recalled = listed[UNLISTED] | "RecallNames" >> RecallNames(self._found, self._tables)
            named = (named, recalled) | "AllNames" >> beam.Flatten()
        if self._found.labels:
            joined = named | "JoinLabels" >> JoinLabels(self._found.labels)
            named = joined.pop(NAMED)
            counted |= joined
        hashing = HashImages(self._patience_s, self._memory)
        return {**(named | "HashImages" >> hashing), **counted}
