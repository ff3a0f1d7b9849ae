"""NameGroups: every file of a group gets the group's answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.answering.groups import AnsweredGroup, left_out
from tierwise.answering.plan import Plan
from tierwise.answering.prepare import find_pages
from tierwise.answering.read_file import problem_of
from tierwise.errors import ImageError, StoreError
from tierwise.journal.recalled import free
from tierwise.questions import Questions
from tierwise.records import (
    STORE_REASONS,
    Answer,
    Failure,
    ImageFile,
    NamedOutcome,
    Outcome,
    Page,
    Reason,
)
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, word_keys
from tierwise.transforms.group_files import GroupKey, keyed_by_group
from tierwise.transforms.in_threads import InThreadsFn

_UNOPENED = "unopened"

_MOST_TOLD = 3


class NameGroups(beam.PTransform):
    """From `(files, answered)` to named outcomes.

    Files that were not opened, because their group has more than are sent, are opened now to count
    their pages: each image has its row. Those that are over budget are not, and count as one page.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def expand(
        self, inputs: tuple[beam.PCollection[ImageFile], beam.PCollection[AnsweredGroup]]
    ) -> beam.PCollection[NamedOutcome]:
        """Adds the join to a pipeline."""
        files, answered = inputs
        questions = self._plan.questions

        def named(_: bytes, met: Iterable[Met]) -> Iterator[NamedOutcome | TaggedOutput]:
            return name_group(*apart(met), questions)

        by_group = files | "KeyByGroup" >> beam.FlatMap(keyed_by_group, questions)
        members = by_group | "KeyNames" >> beam.MapTuple(_keyed_file)
        words = answered | "KeyAnswers" >> beam.FlatMap(_keyed_answers)
        rows = (
            (members, words)
            | "Join" >> MeetCrowd()
            | "Name" >> beam.FlatMapTuple(named).with_outputs(_UNOPENED, main="named")
        )
        opened = (
            rows[_UNOPENED]
            | "SpreadFiles" >> beam.Reshuffle()
            | "CountPages" >> beam.ParDo(_CountPagesFn(partial(page_rows, plan=self._plan)))
        )
        return (rows["named"], opened) | "AllRows" >> beam.Flatten()


def _crowd(key: GroupKey) -> str:
    return json.dumps(key)


def _keyed_file(key: GroupKey, file: ImageFile) -> tuple[bytes, ImageFile]:
    return member_key(_crowd(key), file.uri), file


def _keyed_answers(one: AnsweredGroup) -> Iterator[tuple[bytes, AnsweredGroup]]:
    for key in word_keys(_crowd((one.task, one.name)), one.parts):
        yield key, one


def name_group(
    answered: Sequence[AnsweredGroup], files: Iterable[ImageFile], questions: Questions
) -> Iterator[NamedOutcome | TaggedOutput]:
    """The rows of a group's files; those that were not opened come apart, with one outcome.

    Raises:
        RuntimeError: the group was answered twice or not at all, which only a bug can do.
    """
    if len(answered) != 1:
        names = ", ".join(file.uri for file in islice(files, _MOST_TOLD))
        raise RuntimeError(f"{names}: {len(answered)} sets of answers where one was expected")
    members = {member.share_key: member for member in answered[0].members}
    for file in files:
        if not file.content_hash:
            error = problem_of(file)
            yield NamedOutcome(file, left_out(questions.task(answered[0].task), Page(), error))
        elif member := members.get(file.content_hash):
            for outcome in member.outcomes:
                yield NamedOutcome(file, outcome if file.uri == member.uri else free(outcome))
        elif _needs_no_look(answered[0].rest):
            yield NamedOutcome(file, answered[0].rest)
        else:
            yield TaggedOutput(_UNOPENED, NamedOutcome(file, answered[0].rest))


def _needs_no_look(outcome: Outcome) -> bool:
    """Whether the group was not asked, and stays unopened until a later run asks it."""
    unopened = STORE_REASONS | {Reason.OVER_BUDGET}
    return isinstance(outcome, Failure) and outcome.reason in unopened


def page_rows(unopened: NamedOutcome, plan: Plan) -> list[NamedOutcome]:
    """A row for each page of a file that was not sent, or its failure.

    One that the store does not give now has the answer of its group all the same.
    """
    file, outcome = unopened.file, unopened.outcome
    try:
        pages = find_pages(file, plan.limits, plan.questions.frames)
    except ImageError as error:
        if isinstance(error, StoreError) and isinstance(outcome, Answer):
            return [unopened]
        failure = left_out(plan.questions.task(outcome.task), Page(), error)
        return [NamedOutcome(file, failure)]
    return [NamedOutcome(file, replace(outcome, page=page)) for page in pages]


class _CountPagesFn(InThreadsFn):
    def emit(self, result: list[NamedOutcome]) -> Iterator[NamedOutcome]:
        yield from result
