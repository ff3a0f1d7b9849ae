"""SumJournal: what earlier runs have paid, killed ones included, as the journal says."""

from __future__ import annotations

import apache_beam as beam

from tierwise.accounts.admission import Paid
from tierwise.journal.journal_files import JournalFiles


class SumJournal(beam.PTransform):
    """From the beginning of a pipeline to one Paid, or to none where no run was before.

    Images that left the archive count.
    """

    def __init__(self, journal: JournalFiles) -> None:
        super().__init__()
        self._journal = journal

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Paid]:
        """Adds the sum to a pipeline."""
        journal = self._journal
        return (
            root
            | "NameJournal" >> beam.Impulse()
            | "ListFolders" >> beam.FlatMap(lambda _: [(name, None) for name in journal.folders()])
            | "SpreadFolders" >> beam.GroupByKey()
            | "SumFolder" >> beam.Map(lambda folder: journal.paid_before(folder[0]))
            | "SumFolders" >> beam.CombineGlobally(_sum).without_defaults()
        )


def _sum(some: list[Paid]) -> Paid:
    return sum(some, Paid())
