"""From what Gemini said of the pictures that are learnt from to a model of each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.answerer import AnsweredBy
from tierwise.answers.labels import SeveralLabels
from tierwise.journal.local_files import LocalFiles, digest_of
from tierwise.local.head import fit
from tierwise.local.head_file import KeptHead, to_bytes
from tierwise.local.local_plan import LocalPlan
from tierwise.local.seen import LocalModel
from tierwise.local.taught import Taught
from tierwise.records import Answer, Answered, Failure, Outcome, Record
from tierwise.tasks import Task


@dataclass(frozen=True, slots=True)
class Lesson(Record):
    """What one content teaches: its features, and Gemini's answer by task.

    `missing` are tasks without outcome for a reason that is not in its bytes, and which may be
    there in a later run: then nothing is learnt yet, for which answers exist must not depend on
    anything but the content. `waits` are tasks that a batch job asks.
    """

    content_hash: str
    features: bytes
    answers: tuple[tuple[str, Any], ...]
    missing: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


def lesson_of(answered: Answered, tasks: Sequence[str]) -> Lesson:
    """What a content that is learnt from came to."""
    outcomes = {one.task: one for one in answered.outcomes if one.task in tasks}
    single = all(one.page.pages == 1 for one in answered.outcomes)
    features = answered.seen.features if answered.seen and single else b""
    answers = tuple(
        (task, one.value)
        for task, one in sorted(outcomes.items())
        if isinstance(one, Answer) and one.answered_by is AnsweredBy.GEMINI
    )
    # A picture that was answered before may not be there now to be looked at.
    unseen = single and answered.seen is None
    missing = tuple(
        task
        for task, one in outcomes.items()
        if _may_come(one) or (unseen and isinstance(one, Answer))
    )
    waits = tuple(
        task for task, one in outcomes.items() if isinstance(one, Failure) and one.put_off
    )
    return Lesson(answered.content_hash, features, answers, missing, waits)


def _may_come(outcome: Outcome) -> bool:
    if not isinstance(outcome, Failure) or outcome.put_off:
        return False
    return outcome.unasked or outcome.may_pass


def teach(
    lessons: Iterable[Lesson], plan: LocalPlan, tasks: Mapping[str, Task], files: LocalFiles
) -> Taught:
    """The models of all tasks, those that were published before as they are.

    The same for the same lessons in any order; whoever publishes first decides.
    """
    models, why_not, waits = dict(plan.published), dict[str, str](), False
    by_content = {one.content_hash: one for one in lessons}
    in_order = [by_content[content] for content in sorted(by_content)]
    for name in plan.tasks:
        if name in models:
            continue
        waits = waits or any(name in one.waits for one in in_order)
        if missing := sum(name in one.missing for one in in_order):
            why_not[name] = (
                f"{missing:,} pictures that are learnt from have no answer yet; run it again"
            )
            continue
        if waits:
            continue
        found = _taught(name, in_order, plan, tasks[name], files)
        if found is None:
            why_not[name] = "no picture that is learnt from has an answer"
        else:
            models[name] = found
    return Taught(models, why_not, waits)


def _taught(
    name: str, lessons: Sequence[Lesson], plan: LocalPlan, task: Task, files: LocalFiles
) -> LocalModel | None:
    key = plan.keys[name]
    published = files.model(key)
    if published is None:
        usable = [(one, dict(one.answers)) for one in lessons if one.features]
        usable = [(one, answers) for one, answers in usable if name in answers]
        if not usable:
            return None
        vectors = np.stack([np.frombuffer(one.features, np.float16) for one, _ in usable])
        always = task.local.always_ask if task.local else ()
        several = isinstance(task.answer, SeveralLabels)
        most = task.answer.max_labels if isinstance(task.answer, SeveralLabels) else None
        head = fit(
            vectors,
            [frozenset(a[name]) if several else a[name] for _, a in usable],
            several=several,
            always_ask=always,
            most=most or 0,
        )
        if head is None:
            return None
        published = files.publish(key, to_bytes(KeptHead(head, plan.digest)))
    return LocalModel(name, files.model_uri(key), digest_of(key, published))
