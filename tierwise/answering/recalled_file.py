"""One file of which the journal knows every answer: no picture, no event loop, no waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tierwise.answering.local_ask import LocalAsk
from tierwise.answering.plan import Plan
from tierwise.answering.question import (
    answers_for,
    as_asked,
    known_outcome,
    question,
    with_first,
)
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.said_by_people import SaidOfPage, spoken, word_about
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, Outcome, Page


def recalled_file(
    file: ImageFile,
    share_key: str,
    plan: Plan,
    asked: QuestionsAsked,
    local: LocalAsk | None = None,
) -> Answered | None:
    """What `answer_file` comes to, or None when that has to open the file or to ask anything.

    For the time before anything of the shard is asked, for it takes answers out of `asked`.
    """
    questions, spoken_of = plan.questions, file.content_hash in asked.recalled.people
    local = local.about(file.content_hash, asked.recalled) if local else None
    pages = asked.recalled.pages_of(file.content_hash, questions.frames)
    found = local.recalled(file, pages, asked.recalled, plan) if local and pages else ({}, None)
    if found is None:
        return None
    answered, seen = found
    try:
        known = [_known(file, page, questions, asked.recalled, answered) for page in pages]
    except KeyError:
        return None
    if not (file.content_hash and (answered or any(known) or (spoken_of and known))):
        return None
    outcomes = (
        _outcomes(SaidOfPage(file, page, asked, plan), asks, answered)
        for page, asks in zip(pages, known, strict=True)
    )
    told = tuple(one for some in outcomes for one in some)
    return Answered(share_key, file.uri, told, content_hash=file.content_hash, seen=seen)


def _known(
    file: ImageFile,
    page: Page,
    questions: Questions,
    recalled: Recalled,
    answered: Mapping[str, Outcome],
) -> dict[str, Ask]:
    """The questions that a page was asked, by task; each has an outcome, or is `answered` locally.

    Raises:
        KeyError: the outcome of one is not known, or the file must be opened to tell its route.
    """
    if not questions.know_enough(page):
        raise KeyError(page.number)
    asks: dict[str, Ask] = {}
    found: dict[str, Outcome | None] = {}
    for task in questions.of_images:
        if task.row_of in answered:
            found[task.name] = None
            continue
        earlier = {name: found[name] for name in task.depends_on}
        if word := word_about(task, file.content_hash, page, recalled.people, questions):
            found[task.name] = spoken(task, word, file, page, earlier)
            continue
        answers = answers_for(task, file.content_hash, earlier)
        if isinstance(answers, Failure):
            raise KeyError(task.name)
        outcome: Outcome | None = None
        if answers is not None:
            asks[task.name] = question(task, file, page, answers)
            outcome = known_outcome(asks[task.name], recalled)
            if outcome is None:
                raise KeyError(task.name)
        found[task.name] = with_first(task, outcome, earlier)
    return asks


def _outcomes(
    said: SaidOfPage, asks: Mapping[str, Ask], answered: Mapping[str, Outcome]
) -> Iterator[Outcome]:
    """The outcome of each task that has a row, under its present name."""
    questions, asked = said.plan.questions, said.asked
    recalled = {
        name: as_asked(asked.recall(asks[name].request_id), asks[name])
        for name in (task.name for task in questions.of_images)
        if name in asks
    }
    found: dict[str, Outcome | None] = {}
    for task in questions.of_images:
        if task.row_of in answered:
            found[task.name] = answered[task.row_of]
        elif word := said.word(task):
            found[task.name] = said.outcome(task, word, found)
        else:
            found[task.name] = with_first(task, recalled.get(task.name), found)
    for task in questions.rows_of_images:
        if outcome := found[task.name]:
            yield outcome
