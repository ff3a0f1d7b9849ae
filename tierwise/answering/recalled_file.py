"""One file of which the journal knows every answer: no picture, no event loop, no waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tierwise.answering.question import (
    answers_for,
    as_asked,
    known_outcome,
    question,
    with_first,
)
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.questions import Questions
from tierwise.records import Answered, Failure, ImageFile, Outcome, Page


def recalled_file(
    file: ImageFile, share_key: str, questions: Questions, asked: QuestionsAsked
) -> Answered | None:
    """What `answer_file` comes to, or None when that has to open the file or to ask anything.

    For the time before anything of the shard is asked, for it takes answers out of `asked`.
    """
    try:
        pages = asked.recalled.pages_of(file.content_hash, questions.frames)
        known = [_known(file, page, questions, asked.recalled) for page in pages]
    except KeyError:
        return None
    if not (file.content_hash and any(known)):
        return None
    outcomes = (_outcomes(questions, asks, asked) for asks in known)
    return Answered(share_key, file.uri, tuple(one for some in outcomes for one in some))


def _known(file: ImageFile, page: Page, questions: Questions, recalled: Recalled) -> dict[str, Ask]:
    """The questions that a page was asked, by task; each has an outcome.

    Raises:
        KeyError: the outcome of one is not known, or the file must be opened to tell its route.
    """
    if not questions.know_enough(page):
        raise KeyError(page.number)
    asks: dict[str, Ask] = {}
    found: dict[str, Outcome | None] = {}
    for task in questions.of_images:
        earlier = {name: found[name] for name in task.depends_on}
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
    questions: Questions, asks: Mapping[str, Ask], asked: QuestionsAsked
) -> Iterator[Outcome]:
    """The outcome of each task that has a row, under its present name."""
    recalled = {
        name: as_asked(asked.recall(asks[name].request_id), asks[name])
        for name in (task.name for task in questions.of_images)
        if name in asks
    }
    found: dict[str, Outcome | None] = {}
    for task in questions.of_images:
        found[task.name] = with_first(task, recalled.get(task.name), found)
    for task in questions.rows_of_images:
        if outcome := found[task.name]:
            yield outcome
