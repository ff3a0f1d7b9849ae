"""SumJournal: what earlier runs have paid, killed ones included, as the journal says."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.typehints import Tuple

from tierwise.accounts.admission import Paid
from tierwise.journal.journal_files import JournalFiles


class SumJournal(beam.PTransform):
    """From the beginning of a pipeline to one Paid, or to none where no run was before.

    Images that left the archive count. The journal is read once all of `after` is there, if given.
    """

    def __init__(self, journal: JournalFiles, after: beam.PCollection[Any] | None = None) -> None:
        super().__init__()
        self._journal = journal
        self._after = () if after is None else (beam.pvalue.AsIter(after),)

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Paid]:
        """Adds the sum to a pipeline."""
        journal = self._journal
        return (
            root
            | "NameJournal" >> beam.Impulse()
            | "ListFolders"
            >> beam.FlatMap(
                lambda *_: [(name, None) for name in journal.paid_folders()], *self._after
            ).with_output_types(Tuple[str, None])
            | "SpreadFolders" >> beam.GroupByKey()
            | "SumFolder" >> beam.Map(lambda folder: journal.paid_before(folder[0]))
            | "SumFolders" >> beam.CombineGlobally(_sum).without_defaults()
        )


def _sum(some: list[Paid]) -> Paid:
    return sum(some, Paid())
