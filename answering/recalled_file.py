"""One file of which the journal knows every answer: no picture, no event loop, no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from answering.question import answers_for, question
from answering.questions_asked import QuestionsAsked
from tierwise.journal import Recalled
from tierwise.records import Answered, Failure, ImageFile, Outcome
from tierwise.tasks import Tasks


def recalled_file(
    file: ImageFile, share_key: str, tasks: Tasks, asked: QuestionsAsked
) -> Answered | None:
    """What `answer_file` comes to, or None when that has to open the file or to ask anything.

    For the time before anything of the shard is asked, for it takes answers out of `asked`.
    """
    try:
        known = list(_known(file, tasks, asked.recalled))
    except KeyError:
        return None
    if file.problem or not known:
        return None
    outcomes = (replace(asked.recall(outcome.request_id), task=task) for task, outcome in known)
    return Answered(share_key, file.uri, tuple(outcomes))


def _known(file: ImageFile, tasks: Tasks, recalled: Recalled) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each task for each page, under the task's present name.

    Raises:
        KeyError: one is not known.
    """
    for page in recalled.pages_of(file.content_hash):
        found: dict[str, Outcome | None] = {}
        for task in tasks.of_images:
            answers = answers_for(
                task, file.content_hash, {name: found[name] for name in task.depends_on}
            )
            if isinstance(answers, Failure):
                raise KeyError(task.name)
            if answers is None:
                found[task.name] = None
                continue
            key = question(task, file, page, answers).request_id
            found[task.name] = outcome = recalled.outcomes[key]
            yield task.name, outcome
