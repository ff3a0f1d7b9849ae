"""NameAnswers: every name of the archive gets the answers of its content."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import apache_beam as beam

from tierwise.compressed import compress, decompress
from tierwise.journal.recalled import free
from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, NamedPage, Outcome
from tierwise.transforms.share_duplicates import share_key


class NameAnswers(beam.PTransform):
    """From `(files, answered)` to named pages; of names that are twins, one pays."""

    def __init__(self, questions: Questions) -> None:
        super().__init__()
        self._questions = questions

    def expand(
        self, inputs: tuple[beam.PCollection[ImageFile], beam.PCollection[Answered]]
    ) -> beam.PCollection[NamedPage]:
        """Adds the join to a pipeline."""
        files, answered = inputs
        questions = self._questions

        def keyed_file(file: ImageFile) -> tuple[bytes, bytes]:
            return _short(share_key(file, questions)), compress(file)

        def keyed_answers(one: Answered) -> tuple[bytes, bytes]:
            return _short(one.share_key), compress(replace(one, share_key=""))

        keyed = {
            "files": files | "KeyNames" >> beam.Map(keyed_file),
            "answered": answered | "KeyAnswers" >> beam.Map(keyed_answers),
        }
        return keyed | "Join" >> beam.CoGroupByKey() | "Name" >> beam.FlatMapTuple(_name_packed)


def _short(key: str) -> bytes:
    """16 bytes for a key of a hundred: the local runner holds all of them."""
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _name_packed(key: bytes, group: Mapping[str, Iterable[bytes]]) -> Iterator[NamedPage]:
    del key
    return name_answers({name: map(decompress, packed) for name, packed in group.items()})


def name_answers(group: Mapping[str, Iterable[Any]]) -> Iterator[NamedPage]:
    """The pages of one content, however many names it has: they pass, and none is held.

    Raises:
        RuntimeError: the content was answered twice or not at all, which only a bug can do.
    """
    answered: list[Answered] = list(group["answered"])
    if len(answered) != 1:
        names = ", ".join(sorted(file.uri for file in group["files"]))
        raise RuntimeError(f"{names}: {len(answered)} sets of answers where one was expected")
    pages = defaultdict[int, list[Outcome]](list)
    for outcome in answered[0].outcomes:
        pages[outcome.page.number].append(outcome)
    first = answered[0].uri
    for file in group["files"]:
        for outcomes in pages.values():
            paid = file.uri == first
            rows = outcomes if paid else [_of_twin(one, first, file.uri) for one in outcomes]
            yield NamedPage(file, tuple(rows))


def _of_twin(outcome: Outcome, first: str, name: str) -> Outcome:
    """The outcome for another name of the content, which pays nothing; a failure speaks of it."""
    outcome = free(outcome)
    if isinstance(outcome, Failure):  # a message begins with the address, which ends with the name
        message = outcome.message.replace(f"{first}: ", f"{name}: ", 1)
        return replace(outcome, message=message)
    return outcome
