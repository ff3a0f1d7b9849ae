"""Whether a task is asked of a page, and the question that it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.records import Answer, Failure, ImageFile, Outcome, Page
from tierwise.tasks import Task
from tierwise.tasks.stages import after_doubt, after_refusal, below_first
from tierwise.wording import render, request_id


def answers_for(
    task: Task, content_hash: str, earlier: Mapping[str, Outcome | None]
) -> Mapping[str, Any] | Failure | None:
    """The earlier answers to ask a task with; or the failure that keeps it from being asked.

    None when it is not to be asked of this page. `earlier` has what came of `task.depends_on`, None
    for those that were not asked.
    """
    if not task.covers(content_hash):
        return None
    answers = {name: found.value for name, found in earlier.items() if isinstance(found, Answer)}
    if task.after_refusal:
        before = earlier.get(task.after_first)
        if not (isinstance(before, Failure) and before.declined):
            return None
    elif task.after_first and task.after_first not in answers:
        return None
    if not (task.applies(answers) or _signal_lost(task, earlier)):
        return None
    missing = [name for name in task.reads_answers if name not in answers]
    if missing:
        found = earlier[missing[0]]
        return found if isinstance(found, Failure) else None
    return answers


def _signal_lost(task: Task, earlier: Mapping[str, Outcome | None]) -> bool:
    """Whether a second ask has lost what its condition looks at: then the first is in doubt."""
    return (
        bool(task.after_first)
        and not task.after_refusal
        and any(
            isinstance(found, Failure) and not found.put_off
            for found in (earlier[name] for name in task.depends_on if name != task.after_first)
        )
    )


def with_first(
    task: Task, found: Outcome | None, earlier: Mapping[str, Outcome | None]
) -> Outcome | None:
    """What came of a task: of an ask that was not needed, what came of the one before."""
    if not task.after_first:
        return found
    goes_on = below_first if task.cut_by else after_doubt
    of_both = after_refusal if task.after_refusal else goes_on
    outcome = of_both(earlier[task.after_first], found)
    return replace(outcome, task=task.name) if outcome else None


def question(task: Task, file: ImageFile, page: Page, answers: Mapping[str, Any]) -> Ask:
    """A task put to one page, without its picture. Earlier answers that are missing are empty.

    Its route and so its identity follow from the page: the same question by whatever rules.
    """
    task = task.narrowed(answers).sized(file.columns, answers)
    known = {**dict.fromkeys(task.reads_answers, ""), **answers}
    prompt = render(task, filename=file.name, columns=file.columns, answers=known)
    decision = task.decide_for(page, file.content_hash)
    key = request_id(
        content_hash=file.content_hash,
        page=page.number,
        task=task,
        prompt=prompt,
        route=decision.route,
    )
    return Ask(
        request_id=key,
        content_hash=file.content_hash,
        task=task,
        page=page,
        prompt=prompt,
        decision=decision,
    )


def as_asked(outcome: Outcome, ask: Ask) -> Outcome:
    """An outcome as that of a question which came to the same.

    Another task, or this one under its old name or by another rule, may have asked it before.
    """
    # Nobody audits the naive way.
    baseline = 0 if ask.task.audit else outcome.baseline
    outcome = replace(outcome, task=ask.task.name, baseline=baseline)
    if isinstance(outcome, Failure):
        return outcome
    return replace(outcome, page=ask.page, route_reason=ask.route_reason)


def known_outcome(ask: Ask, recalled: Recalled) -> Outcome | None:
    """What the journal knows of a question, if that will do."""
    task = ask.task
    return recalled.outcome(
        ask.request_id,
        task.answer.schema(),
        apart=task.asked_apart,
        declined=task.goes_on_when_declined,
    )


def resumed(ask: Ask, recalled: Recalled) -> Ask:
    """A question as it goes on: where a reply to it has ended at the limit, at the raised one.

    A trial of asking together begins anew with all of its request.
    """
    tried = bool(ask.task.tried_with)
    if again := recalled.again.get(ask.request_id):
        alone = again.alone and not tried
        ask = replace(
            ask,
            alone=alone,
            asked_again=again.asked_again,
            lost=again.lost,
            at_once=again.at_once,
        )
    cut_off = ask.request_id in recalled.cut_off and not tried
    return replace(ask, limit_raised=True) if cut_off else ask
