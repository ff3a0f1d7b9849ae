"""ChooseFirst: the first files of an archive by a hash of their content, with all their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.combiners import Top

from tierwise.forecast.pilot import Population, content_of, rank_of
from tierwise.records import ImageFile
from tierwise.transforms.sum_by_key import SumByKey


class Chosen(NamedTuple):
    """The files that come first, and one count of them and of the whole archive."""

    files: beam.PCollection[ImageFile]
    population: beam.PCollection[Population]


class ChooseFirst(beam.PTransform):
    """From all files to those of the `count` contents that come first, exactly so many.

    Each content crosses one shuffle as 16 bytes. Workers hold `count` of these at most, and what
    tells the chosen from the others is the last of them alone.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def expand(self, files: beam.PCollection[ImageFile]) -> Chosen:
        """Adds the choice to a pipeline."""
        names = (
            files
            | "RankNames" >> beam.Map(_rank).with_output_types(tuple[bytes, int])
            | "CountNames" >> SumByKey()
        )
        last = (
            names
            | "Ranks" >> beam.Keys()
            | "First" >> Top.Smallest(self._count)
            | "Last" >> beam.Map(lambda ranks: max(ranks, default=b""))
        )
        until = beam.pvalue.AsSingleton(last)
        population = (
            names
            | "CountContents" >> beam.Map(_counted, until).with_output_types(Population)
            | "CountAll" >> beam.CombineGlobally(_sum)
        )
        chosen = files | "KeepFirst" >> beam.Filter(_is_first, until)
        return Chosen(chosen, population)


def _rank(file: ImageFile) -> tuple[bytes, int]:
    return rank_of(content_of(file)), 1


def _is_first(file: ImageFile, last: bytes) -> bool:
    return rank_of(content_of(file)) <= last


def _counted(content: tuple[bytes, int], last: bytes) -> Population:
    rank, names = content
    return Population(1, names, *((1, names) if rank <= last else (0, 0)))


def _sum(some: Iterable[Population]) -> Population:
    return sum(some, Population())
