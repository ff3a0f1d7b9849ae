"""SumJournal: what earlier runs have paid, killed ones included, as the journal says."""

from __future__ import annotations

import apache_beam as beam

from tierwise.accounts.admission import Paid
from tierwise.journal.journal_files import JournalFiles


class SumJournal(beam.PTransform):
    """From the beginning of a pipeline to one Paid; images that left the archive count."""

    def __init__(self, journal: JournalFiles) -> None:
        super().__init__()
        self._journal = journal

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Paid]:
        """Adds the sum to a pipeline."""
        return (
            root
            | "NameJournal" >> beam.Create([self._journal])
            | "ListFolders" >> beam.FlatMap(JournalFiles.folders)
            | "SpreadFolders" >> beam.Reshuffle()
            | "SumFolder" >> beam.Map(self._journal.paid_before)
            | "SumFolders" >> beam.CombineGlobally(_sum)
        )


def _sum(some: list[Paid]) -> Paid:
    return sum(some, Paid())
