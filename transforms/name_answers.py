"""NameAnswers: every name of the archive gets the answers of its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam

from tierwise.journal import free
from tierwise.records import Answered, ImageFile, NamedOutcome
from tierwise.tasks import Tasks
from transforms.packed import pack, unpack
from transforms.share_duplicates import share_key


class NameAnswers(beam.PTransform):
    """From `(files, answered)` to named outcomes; of names that are twins, one pays."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks

    def expand(
        self, inputs: tuple[beam.PCollection[ImageFile], beam.PCollection[Answered]]
    ) -> beam.PCollection[NamedOutcome]:
        """Adds the join to a pipeline."""
        files, answered = inputs
        tasks = self._tasks
        keyed = {
            "files": files
            | "KeyNames" >> beam.Map(lambda file: (share_key(file, tasks), pack(file))),
            "answered": answered | "KeyAnswers" >> beam.Map(lambda one: (one.share_key, pack(one))),
        }
        return keyed | "Join" >> beam.CoGroupByKey() | "Name" >> beam.FlatMapTuple(_name_packed)


def _name_packed(key: str, group: Mapping[str, Iterable[bytes]]) -> Iterator[NamedOutcome]:
    return name_answers(key, {name: map(unpack, packed) for name, packed in group.items()})


def name_answers(key: str, group: Mapping[str, Iterable[Any]]) -> Iterator[NamedOutcome]:
    """The rows of one content.

    Raises:
        RuntimeError: the content was answered twice or not at all, which only a bug can do.
    """
    answered: list[Answered] = list(group["answered"])
    if len(answered) != 1:
        raise RuntimeError(f"{key}: {len(answered)} sets of answers where one was expected")
    seen: set[str] = set()
    for file in group["files"]:
        if file.uri in seen:
            continue
        seen.add(file.uri)
        for outcome in answered[0].outcomes:
            paid = file.uri == answered[0].uri
            yield NamedOutcome(file, outcome if paid else free(outcome))
