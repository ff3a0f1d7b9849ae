"""Examine: what may be answered locally, task by task."""

from __future__ import annotations

import apache_beam as beam

from tierwise.answering.examining import examine, examined_of
from tierwise.answering.plan import Plan
from tierwise.journal.local_files import LocalFiles
from tierwise.local.statement import Counts, Statement
from tierwise.local.taught import Taught
from tierwise.records import Answered


class Examine(beam.PTransform):
    """From what examines to one mapping of statements by task.

    One worker holds what the exam showed, about 100 bytes of each of its contents and tasks.
    """

    def __init__(
        self, plan: Plan, counts: beam.PCollection[Counts], taught: beam.PCollection[Taught]
    ) -> None:
        super().__init__()
        self._plan = plan
        self._counts = counts
        self._taught = taught

    def expand(
        self, answered: beam.PCollection[Answered]
    ) -> beam.PCollection[dict[str, Statement]]:
        """Adds the step to a pipeline."""
        local, files = self._plan.local, LocalFiles(self._plan.journal.folder)
        if local is None:
            raise RuntimeError("nothing is answered locally in this run")
        kinds = {name: self._plan.questions.task(name).answer for name in local.tasks}
        examined = answered | "Examined" >> beam.FlatMap(lambda one: examined_of(one, kinds))
        return (
            answered.pipeline
            | "Once" >> beam.Impulse()
            | "Examine"
            >> beam.Map(
                lambda _, examined, counts, taught: examine(examined, counts, taught, local, files),
                beam.pvalue.AsIter(examined),
                beam.pvalue.AsSingleton(self._counts),
                beam.pvalue.AsSingleton(self._taught),
            )
        )
