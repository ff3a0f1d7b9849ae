"""One file from its bytes to an outcome for each page and task: the life of an image.

Tasks of a page run side by side. One that depends on another awaits it; when its condition does not
hold it is not asked. What the journal knows is not asked again, nor is anything that an equal
question is being asked already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tierwise.answering.asking import Asking
from tierwise.answering.keep_thumbnail import keep_thumbnail
from tierwise.answering.pictures import Pictures
from tierwise.answering.question import answers_for, as_asked, question, resumed, with_first
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.errors import ImageError
from tierwise.gemini.settle import Ask, fail
from tierwise.records import (
    Answered,
    Failure,
    ImageFile,
    Outcome,
    Page,
    Reason,
)
from tierwise.tasks import Task

Results = Mapping[str, "asyncio.Task[Outcome | None]"]


async def answer_file(
    file: ImageFile, share_key: str, session: Asking, asked: QuestionsAsked
) -> Answered:
    """Every outcome that a file leads to; only a bug raises."""
    life = _Life(file, session, asked, Pictures(file, session, asked.recalled))
    return Answered(share_key, file.uri, tuple(await life.outcomes()))


@dataclass(frozen=True, slots=True)
class _Life:
    file: ImageFile
    session: Asking
    asked: QuestionsAsked
    pictures: Pictures

    async def outcomes(self) -> list[Outcome]:
        try:
            pages = await self.pictures.pages()
        except ImageError as error:
            return [
                replace(self._fail(task, Page(), error), task=task.row_of)
                for task in self.session.plan.questions.of_images
                if task.of_every_image
            ]
        by_page = await asyncio.gather(*(self._page(page) for page in pages))
        return [outcome for outcomes in by_page for outcome in outcomes]

    async def _page(self, page: Page) -> list[Outcome]:
        results: dict[str, asyncio.Task[Outcome | None]] = {}
        for task in self.session.plan.questions.of_images:
            results[task.name] = asyncio.create_task(self._task(task, page, results))
        await asyncio.gather(*results.values())
        rows = (results[task.name].result() for task in self.session.plan.questions.rows_of_images)
        outcomes = [outcome for outcome in rows if outcome is not None]
        picture = self.pictures.at_hand(page)
        await keep_thumbnail(self.file, page, outcomes, picture, self.session)
        return outcomes

    async def _task(self, task: Task, page: Page, results: Results) -> Outcome | None:
        """The outcome of one task, or None when it is not to be asked of this image.

        Where a task has asked before, and need not ask again, it is that of its first ask.
        """
        earlier = {name: await results[name] for name in task.depends_on}
        found = await self._asked(task, page, earlier)
        return with_first(task, found, earlier)

    async def _asked(
        self, task: Task, page: Page, earlier: Mapping[str, Outcome | None]
    ) -> Outcome | None:
        answers = answers_for(task, self.file.content_hash, earlier)
        if answers is None:
            return None
        if isinstance(answers, Failure):
            return self._fail_after(task, page, answers)
        ask = self._question(task, page, answers)
        outcome = await self.asked.once(
            ask.request_id, ask.task.answer.schema(), lambda: self._ask(ask)
        )
        return as_asked(outcome, ask)

    def _question(self, task: Task, page: Page, answers: Mapping[str, object]) -> Ask:
        ask = question(task, self.file, page, answers)
        ask = resumed(ask, self.asked.recalled)
        return replace(ask, wasted=self.asked.wasted(ask.request_id))

    async def _ask(self, ask: Ask) -> Outcome:
        if ask.task.reads == "image":
            try:
                ask = await self._with_picture(ask)
            except ImageError as error:
                return fail(ask, error.reason, error.message)
        return await self.session.ask(ask)

    async def _with_picture(self, ask: Ask) -> Ask:
        """The question with its picture, or with the address that is sent in its place."""
        if reference := self.pictures.reference(ask.page, ask.route.image):
            return replace(ask, reference=reference)
        return replace(ask, picture=await self.pictures.picture(ask.page, ask.route.image))

    def _fail(self, task: Task, page: Page, error: ImageError) -> Failure:
        return fail(self._question(task, page, {}), error.reason, error.message)

    def _fail_after(self, task: Task, page: Page, found: Failure) -> Failure:
        message = f"not asked, because {found.task!r} has no answer: {found.message}"
        failure = self._fail(task, page, ImageError(Reason(found.reason), message))
        return replace(failure, run_ended=found.run_ended)
