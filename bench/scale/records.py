"""Bytes of the records that cross a shuffle: `python -m bench.scale.records --folder=...`.

The folder is one that `bench.scale.check` has filled; the records are those of its smallest run,
with names as long as a bucket's. Each is encoded as Beam's workers encode it for a shuffle.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

from apache_beam.coders import FastPrimitivesCoder

from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.recalled_file import recalled_file
from tierwise.compressed import compress
from tierwise.journal.journal_files import JournalFiles, shard_of
from tierwise.questions import as_written
from tierwise.records import ImageFile
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named, list_names
from tierwise.storage.stat import Stat
from tierwise.tasks import load_tasks
from tierwise.transforms.hash_images import hash_file
from tierwise.transforms.shard import Keyed

_BUCKET = "gs://an-archive-of-pictures/2019/07/"


def as_in_a_bucket(named: Named) -> ImageFile:
    """A file as a bucket's listing tells it: an MD5 of 24 characters, a generation of 16 digits."""
    file = hash_file(named)
    uri = _BUCKET + file.name
    return replace(file, uri=uri, path=uri, version="1790000000000000")


def sizes(pictures: Path, out: Path) -> Iterator[tuple[str, float]]:
    """The mean bytes of a record in each shuffle."""
    encoded = FastPrimitivesCoder().encode
    questions = as_written(load_tasks((out / "tasks.yaml").read_text("utf-8"), path="tasks.yaml"))
    named = [name for name in list_names(find_input(str(pictures))) if isinstance(name, Named)]
    files = [as_in_a_bucket(name) for name in named]
    listed = [
        Named(file.uri, file.path, {}, Stat(file.uri, file.bytes, file.content_hash, file.version))
        for file in files
    ]
    yield "names, by name", mean(len(encoded((one.uri, one))) for one in listed)
    keyed = [(file.content_hash[-5:], Keyed(file.content_hash, file)) for file in files]
    yield "names, by shard", mean(len(encoded(one)) for one in keyed)
    yield "names, by content", mean(len(encoded((b"k" * 16, compress(file)))) for file in files)
    journal = JournalFiles(str(out / "journal"), "bench", 1, mends=False)
    asked = {f"{digit:x}": QuestionsAsked(journal.read(f"{digit:x}")) for digit in range(16)}
    answered = [
        recalled_file(file, "", questions, asked[shard_of(file.content_hash, 1)]) for file in files
    ]
    assert all(answered)
    yield "answers, by content", mean(len(encoded((b"k" * 16, compress(one)))) for one in answered)


def main() -> None:
    """Print a line per shuffle, and their sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1000)
    given = parser.parse_args()
    total = 0.0
    for name, size in sizes(
        given.folder / f"tiny-{given.images}", given.folder / f"out-{given.images}"
    ):
        print(f"{name:20} {size:6.0f} bytes")
        total += size
    print(f"{'in all':20} {total:6.0f} bytes per image")


if __name__ == "__main__":
    main()
