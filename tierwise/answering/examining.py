"""From what Gemini and a local model said of the exam's pictures to a statement of each task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf

from tierwise.answers.answer_type import AnswerType
from tierwise.journal.local_files import LocalFiles
from tierwise.local.judgement import Judgement
from tierwise.local.local_plan import LocalPlan
from tierwise.local.statement import Counts, Examined, Statement, state
from tierwise.local.taught import Taught
from tierwise.records import (
    STORE_REASONS,
    Answer,
    Answered,
    Failure,
    Outcome,
    is_under_way,
    of_model,
)
from tierwise.statistics.examination import Cut

_NEVER = Judgement(None, None)


def examined_of(answered: Answered, kinds: Mapping[str, AnswerType]) -> Iterator[Examined]:
    """What one content of the exam showed of each task, `kinds` being those of their answers."""
    judged = dict(answered.seen.judged) if answered.seen else {}
    for name, kind in kinds.items():
        outcomes = [one for one in answered.outcomes if one.task == name]
        found = _examined(name, kind, outcomes, judged.get(name))
        yield replace(found, content_hash=answered.content_hash)


def _examined(
    name: str, kind: AnswerType, outcomes: list[Outcome], said: Judgement | None
) -> Examined:
    if any(one.page.pages != 1 for one in outcomes):
        return Examined(name, _NEVER, wrong=False)  # files of several pictures are always asked
    outcome = of_model(outcomes[0]) if outcomes else None
    if not isinstance(outcome, Answer):
        waits = outcome is not None and is_under_way(outcome)
        if outcome and said is None and _is_in_its_bytes(outcome):
            return Examined(name, _NEVER, wrong=False)
        return Examined(name, said, wrong=True, waits=waits)
    truth = kind.picked(outcome.value)
    if said is None or not said.counts:
        return Examined(name, said, wrong=said is None, truth=truth)
    wrong = not kind.is_same(said.value, outcome.value)
    return Examined(name, said, wrong, truth, kind.picked(said.value))


def _is_in_its_bytes(failure: Failure) -> bool:
    """Whether a picture has no answer because of what it is, whoever opens it and whenever."""
    unread = failure.reason in ("unreadable", "unsupported_format", "too_large")
    return unread and not failure.unasked and failure.reason not in STORE_REASONS


def _worse(one: Examined, other: Examined) -> Examined:
    """Of what two names of a content showed, that which proves less."""
    return max(one, other, key=lambda some: (some.waits, some.said is None, some.wrong))


def examine(
    examined: Iterable[Examined],
    counts: Counts,
    taught: Taught,
    plan: LocalPlan,
    files: LocalFiles,
) -> dict[str, Statement]:
    """The statements of all tasks; each look at an exam is written down before it is used."""
    by_task: dict[str, dict[str, Examined]] = {name: {} for name in plan.tasks}
    for one in examined:
        # Names of one content stand apart where another task's prompt uses them.
        before = by_task[one.task].get(one.content_hash)
        by_task[one.task][one.content_hash] = _worse(before, one) if before else one
    found = {}
    for name, contents in by_task.items():
        some = list(contents.values())
        terms = plan.terms[name]
        model = taught.models.get(name)
        if model is None or taught.waits or any(one.waits for one in some):
            nothing = Statement(name, terms.differ, terms.confidence, counts, Cut(inf, -1, 0, 0.0))
            why_not = taught.why_not.get(name, "")
            found[name] = replace(nothing, why_not=why_not, waits=not why_not, looks=terms.looks)
            continue
        files.state(name, plan.exams[name], terms.choice)
        found[name] = state(name, terms, model.digest, counts, some)
    return found
