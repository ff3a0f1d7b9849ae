"""What is left to ask about a file, as far as can be told before it is opened."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.answering.question import (
    answers_for,
    known_outcome,
    question,
    resumed,
    with_first,
)
from tierwise.answering.said_by_people import spoken, word_about
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.questions import Questions
from tierwise.records import Failure, ImageFile, Outcome, Page


def open_questions(file: ImageFile, recalled: Recalled, questions: Questions) -> Iterator[Ask]:
    """What the journal has no outcome for, as far as can be told before the file is opened.

    A file that the journal does not know counts as one page, and a task whose answer is not known
    yet as one that leads to all that depend on it. What only the opened file can tell the route of
    counts as open.
    """
    if file.problem:
        return
    for page in recalled.pages_below(file.content_hash, questions.frames) or [Page()]:
        found: dict[str, Outcome | None] = {}
        for task in questions.of_images:
            earlier = {name: found[name] for name in task.depends_on if name in found}
            known = len(earlier) == len(task.depends_on)
            if word := word_about(task, file.content_hash, page, recalled.people, questions):
                found[task.name] = spoken(task, word, file, page, earlier)
                continue
            answers = answers_for(task, file.content_hash, earlier) if known else {}
            if answers is None or isinstance(answers, Failure):
                found[task.name] = with_first(task, answers, earlier)
                continue
            ask = question(task, file, page, answers)
            outcome = known_outcome(ask, recalled)
            if outcome and task.knows_enough(page):
                found[task.name] = with_first(task, outcome, earlier) if known else outcome
            else:
                yield resumed(ask, recalled)
