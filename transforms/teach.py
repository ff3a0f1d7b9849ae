"""Teach: one model of each task, from all that is learnt from."""

from __future__ import annotations

import apache_beam as beam

from tierwise.answering.plan import Plan
from tierwise.answering.teaching import lesson_of, teach
from tierwise.journal.local_files import LocalFiles
from tierwise.local.taught import Taught
from tierwise.records import Answered


class Teach(beam.PTransform):
    """From what is learnt from to one Taught; an empty sample teaches nothing.

    One worker holds all features, 2.5 KB of each of 20,000 contents at most.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def expand(self, learnt: beam.PCollection[Answered]) -> beam.PCollection[Taught]:
        """Adds the step to a pipeline."""
        local, journal = self._plan.local, self._plan.journal
        if local is None:
            raise RuntimeError("nothing is answered locally in this run")
        names, files = local.tasks, LocalFiles(journal.folder)
        tasks = {name: self._plan.questions.task(name) for name in names}
        lessons = learnt | "Lessons" >> beam.Map(lesson_of, names)
        return (
            learnt.pipeline
            | "Once" >> beam.Impulse()
            | "Teach"
            >> beam.Map(
                lambda _, lessons: teach(lessons, local, tasks, files),
                beam.pvalue.AsIter(lessons),
            )
        )
