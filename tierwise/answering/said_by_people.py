"""Answers of people: nothing is asked, and what Gemini said of the same picture is kept beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tierwise.answerer import AnsweredBy
from tierwise.answering.local_id import local_id
from tierwise.answering.plan import Plan
from tierwise.answering.question import (
    answers_for,
    as_asked,
    known_outcome,
    question,
    with_first,
)
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answers.json_schemas import MismatchError
from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import free
from tierwise.local.roles import Role
from tierwise.people import People, Word
from tierwise.prices.price_day import price_day
from tierwise.questions import Questions
from tierwise.records import Answer, Failure, ImageFile, Outcome, Page, Sent, Spent
from tierwise.tasks import Task

_REASON = "people answered"

Earlier = Mapping[str, Outcome | None]


def word_about(
    task: Task, content_hash: str, page: Page, people: People, questions: Questions
) -> Word | None:
    """What people say of a picture, where it is an answer that its task can have.

    Of an audit, what they say of the task that it audits: there is nothing to be audited.
    """
    word = people.word(content_hash, page.number, task.written_as)
    return word if word and is_answer(word, questions.task(word.task)) else None


def is_answer(word: Word, task: Task) -> bool:
    """Whether a word is an answer of its task, as that is written now."""
    value = list(word.value) if isinstance(word.value, tuple) else word.value
    try:
        task.answer.schema().check(value)
    except MismatchError:
        return False
    return not task.per


def spoken(task: Task, word: Word, file: ImageFile, page: Page, earlier: Earlier) -> Answer | None:
    """The answer of people, None where the question does not arise: its condition decides that.

    Of a later ask of a task in stages, that of the first. It says nothing of what Gemini said.
    """
    if task.audit:
        return None
    if task.after_first:
        before = earlier.get(task.after_first)
        return replace(before, task=task.name) if isinstance(before, Answer) else None
    if answers_for(task, file.content_hash, earlier) is None:
        return None
    return Answer(
        request_id="",
        task=task.name,
        page=page,
        value=word.value,
        model=task.route.model,
        model_version="",
        media_resolution=task.route.media_resolution,
        service_tier=task.route.service_tier,
        sent=Sent(),
        images_in_request=0,
        spent=Spent(),
        wasted=Spent(),
        baseline=0,
        attempts=0,
        latency_ms=0,
        asked_at=word.said_at,
        route_reason=_REASON,
        answered_by=AnsweredBy.HUMAN,
    )


@dataclass(frozen=True, slots=True)
class SaidOfPage:
    """What comes of tasks for one page, where people have spoken, and what Gemini said before.

    What this run has paid for that, in batch jobs from before they spoke, is part of it.
    """

    file: ImageFile
    page: Page
    asked: QuestionsAsked
    plan: Plan

    def word(self, task: Task) -> Word | None:
        """What people say of a task."""
        people, questions = self.asked.recalled.people, self.plan.questions
        return word_about(task, self.file.content_hash, self.page, people, questions)

    def outcome(self, task: Task, word: Word, earlier: Earlier) -> Outcome | None:
        """Their answer, None where the question does not arise; of an audit what is known of it."""
        if task.audit:
            found = self._of_gemini(task, earlier)
            return found and replace(free(found), wasted=found.paid)
        answer = spoken(task, word, self.file, self.page, earlier)
        if answer is None:
            return None
        if task.after_first:
            return self._with_later_ask(answer, task, earlier)
        ask = self._question(task, answers_for(task, self.file.content_hash, earlier))
        fresh = word.since == self.plan.journal.run_id
        wasted = self.asked.wasted(ask.request_id)
        answer = replace(answer, wasted=wasted, reused=not fresh)
        if model := self._of_gemini(task, earlier):
            known = replace(answer, baseline=model.baseline, earlier=model.earlier)
            return _with_gemini(known, model)
        on = price_day(datetime.fromisoformat(word.said_at))
        baseline = Billing(self.plan.service).baseline_unasked(ask, on)
        return replace(answer, baseline=baseline, earlier=not fresh)

    def _with_later_ask(self, answer: Answer, task: Task, earlier: Earlier) -> Answer:
        """With what Gemini came to say after one more ask; unknown where that was never made."""
        if answer.model_said is None:
            return answer
        of_gemini = {**earlier, task.after_first: answer.model_said}
        answers = answers_for(task, self.file.content_hash, of_gemini)
        if answers is None or isinstance(answers, Failure):
            return answer
        second = self._of_gemini(task, of_gemini)
        if second is None:
            return replace(answer, model_said=None)
        both = with_first(task, second, of_gemini)
        paid = answer.wasted + second.paid
        return replace(answer, model_said=both and free(both), wasted=paid)

    def _of_gemini(self, task: Task, earlier: Earlier) -> Outcome | None:
        answers = answers_for(task, self.file.content_hash, earlier)
        if answers is None:
            return None
        ask = self._question(task, answers)
        if known_outcome(ask, self.asked.recalled) is None:
            return self._of_local_model(task)
        return as_asked(self.asked.recall(ask.request_id), ask)

    def _of_local_model(self, task: Task) -> Answer | None:
        """What a local model answered in Gemini's place before people spoke."""
        published = self.plan.local.published if self.plan.local else {}
        content, model = self.file.content_hash, published.get(task.row_of)
        if model is None or task.roles is None or task.roles.role_of(content) is not Role.REST:
            return None
        found = self.asked.recalled.outcomes.get(local_id(content, model.digest))
        return found if isinstance(found, Answer) else None

    def _question(self, task: Task, answers: Mapping[str, Any] | Failure | None) -> Ask:
        known = answers if isinstance(answers, Mapping) else {}
        return question(task, self.file, self.page, known)


def _with_gemini(answer: Answer, model: Outcome) -> Answer:
    return replace(answer, model_said=free(model), wasted=answer.wasted + model.paid)
