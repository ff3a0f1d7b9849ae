"""One file from its bytes to an outcome for each page and task: the life of an image.

Tasks of a page run side by side, those that look at it together in one request where their routes
for this picture are equal. One that depends on another awaits it; when its condition does not hold
it is not asked. What the journal knows is not asked again, nor is anything that an equal question
is being asked already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tierwise.answering.asking import Asking
from tierwise.answering.keep_thumbnail import keep_thumbnail
from tierwise.answering.local_ask import LocalAsk, judged_before
from tierwise.answering.pictures import Pictures
from tierwise.answering.question import answers_for, as_asked, question, resumed, with_first
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.answering.said_by_people import SaidOfPage
from tierwise.errors import ImageError, StoreError
from tierwise.gemini.settle import Ask, fail
from tierwise.local.roles import Role
from tierwise.local.seen import Seen
from tierwise.looks import unpacked
from tierwise.records import (
    Answered,
    Failure,
    ImageFile,
    Outcome,
    Page,
    Reason,
    Route,
)
from tierwise.tasks import Task

Outcomes = dict[str, Outcome | None]
Looks = Mapping[str, "asyncio.Task[Outcomes]"]


async def answer_file(
    file: ImageFile,
    share_key: str,
    session: Asking,
    asked: QuestionsAsked,
    local: LocalAsk | None = None,
) -> Answered:
    """Every outcome that a file leads to; only a bug raises."""
    local = local.about(file.content_hash, asked.recalled) if local else None
    pictures = Pictures(file, session, asked.recalled, local.looking if local else None)
    life = _Life(file, session, asked, pictures, local)
    outcomes = tuple(await life.outcomes())
    seen = life.seen[0] if life.seen else None
    return Answered(share_key, file.uri, outcomes, content_hash=file.content_hash, seen=seen)


@dataclass(frozen=True, slots=True)
class _Life:
    file: ImageFile
    session: Asking
    asked: QuestionsAsked
    pictures: Pictures
    local: LocalAsk | None = None
    # What was seen of the only picture, once it was.
    seen: list[Seen] = field(default_factory=list)

    async def outcomes(self) -> list[Outcome]:
        questions = self.session.plan.questions
        if self.local and self.local.waits and self._waits_whole(self.local):
            return list(self.local.put_off(self.file, Page(), questions).values())
        try:
            pages = await self.pictures.pages()
        except ImageError as error:
            return [
                replace(self._unopened(task, error), task=task.row_of)
                for task in self.session.plan.questions.of_images
                if task.is_for_certain(self.file.content_hash)
            ]
        answered = await self._answered_locally(pages)
        by_page = await asyncio.gather(*(self._page(page, answered) for page in pages))
        return [outcome for outcomes in by_page for outcome in outcomes]

    def _waits_whole(self, local: LocalAsk) -> bool:
        rows = {task.row_of for task in self.session.plan.questions.of_images if not task.audit}
        return rows <= local.tasks

    async def _answered_locally(self, pages: Sequence[Page]) -> Mapping[str, Outcome]:
        """The tasks that need not be asked of the only page, and what came of them."""
        local, plan = self.local, self.session.plan
        if local is None or len(pages) != 1:
            return {}
        page, recalled = pages[0], self.asked.recalled
        if local.waits:
            return local.put_off(self.file, page, plan.questions)
        if local.looking is None:
            return {}
        judged = judged_before(self.file.content_hash, local.looking.models, recalled)
        if judged is None or local.role is Role.LEARN:
            seen = await self.pictures.seen()
            if seen is None:
                return {}
            self.seen.append(seen)
            judged = dict(seen.judged)
            if local.role is Role.EXAM:
                await self.session.keep(local.entries(self.file, page, judged, plan))
        elif local.role is Role.EXAM:
            self.seen.append(Seen(judged=tuple(judged.items())))
        answers = local.answers(self.file, page, judged, recalled, plan)
        kept = {name: one for name, one in judged.items() if name in answers}
        if self.seen and kept:
            await self.session.keep(local.entries(self.file, page, kept, plan))
        return answers

    async def _page(self, page: Page, answered: Mapping[str, Outcome]) -> list[Outcome]:
        looks: dict[str, asyncio.Task[Outcomes]] = {}
        for tasks in self.session.plan.questions.looks:
            look = asyncio.create_task(self._look(tasks, page, looks, answered))
            looks |= dict.fromkeys((task.name for task in tasks), look)
        await asyncio.gather(*dict.fromkeys(looks.values()))
        rows = (
            answered.get(task.name) or looks[task.name].result()[task.name]
            for task in self.session.plan.questions.rows_of_images
        )
        outcomes = [outcome for outcome in rows if outcome is not None]
        picture = self.pictures.at_hand(page)
        await keep_thumbnail(self.file, page, outcomes, picture, self.session)
        return outcomes

    async def _look(
        self,
        tasks: Sequence[Task],
        page: Page,
        looks: Looks,
        answered: Mapping[str, Outcome],
    ) -> Outcomes:
        """By name the outcome of each task, or None where it is not to be asked of this image.

        Where a task has asked before, and need not ask again, it is that of its first ask. What was
        `answered` locally, or by people, is not asked.
        """
        earlier = {
            task.name: {name: (await looks[name])[name] for name in task.depends_on}
            for task in tasks
        }
        found: Outcomes = {}
        said, spoken = self._said(page), set[str]()
        asks: dict[str, Ask] = {}
        for task in tasks:
            if task.row_of in answered:
                found[task.name] = None
                continue
            if word := said.word(task):
                found[task.name] = said.outcome(task, word, earlier[task.name])
                spoken.add(task.name)
                continue
            answers = answers_for(task, self.file.content_hash, earlier[task.name])
            if answers is None or isinstance(answers, Failure):
                found[task.name] = answers and self._fail_after(task, page, answers)
            else:
                asks[task.name] = self._question(task, page, answers)
        outcomes = await self.asked.once(list(asks.values()), self._ask)
        for (name, ask), outcome in zip(asks.items(), outcomes, strict=True):
            found[name] = as_asked(outcome, ask)
        return {
            task.name: found[task.name]
            if task.row_of in answered or task.name in spoken
            else with_first(task, found[task.name], earlier[task.name])
            for task in tasks
        }

    def _said(self, page: Page) -> SaidOfPage:
        return SaidOfPage(self.file, page, self.asked, self.session.plan)

    def _unopened(self, task: Task, error: ImageError) -> Outcome:
        """What comes of a task where nobody can open the file; people may have, elsewhere."""
        said = self._said(Page())
        if (word := said.word(task)) and (answer := said.outcome(task, word, {})):
            return answer
        return self._fail(task, Page(), error)

    def _question(self, task: Task, page: Page, answers: Mapping[str, object]) -> Ask:
        ask = question(task, self.file, page, answers)
        ask = resumed(ask, self.asked.recalled)
        return replace(ask, wasted=self.asked.wasted(ask.request_id))

    async def _ask(self, asks: list[Ask]) -> list[Outcome]:
        """The outcome of each, those of equal routes asked together."""
        alike: dict[tuple[Route, bool, bool], list[int]] = {}
        for place, ask in enumerate(asks):
            kind = unpacked(ask.route), ask.by_itself, ask.at_once
            alike.setdefault(kind, []).append(place)
        together = [
            places
            for (_, apart, _), some in alike.items()
            for places in ([[one] for one in some] if apart else [some])
        ]
        settled = await asyncio.gather(
            *(self._ask_together([asks[place] for place in places]) for places in together)
        )
        found = {
            place: outcome
            for places, outcomes in zip(together, settled, strict=True)
            for place, outcome in zip(places, outcomes, strict=True)
        }
        return [found[place] for place in range(len(asks))]

    async def _ask_together(self, asks: Sequence[Ask]) -> list[Outcome]:
        if asks[0].task.reads == "image":
            try:
                asks = await self._with_picture(asks)
            except ImageError as error:
                return [_failed(ask, error) for ask in asks]
        return await self.session.ask(asks)

    async def _with_picture(self, asks: Sequence[Ask]) -> list[Ask]:
        """The questions with their picture, or with the address that is sent in its place."""
        page, image = asks[0].page, asks[0].route.image
        if reference := self.pictures.reference(page, image):
            return [replace(ask, reference=reference) for ask in asks]
        picture = await self.pictures.picture(page, image)
        return [replace(ask, picture=picture) for ask in asks]

    def _fail(self, task: Task, page: Page, error: ImageError) -> Failure:
        return _failed(self._question(task, page, {}), error)

    def _fail_after(self, task: Task, page: Page, found: Failure) -> Failure:
        message = f"not asked, because {found.task!r} has no answer: {found.message}"
        failure = self._fail(task, page, ImageError(Reason(found.reason), message))
        return replace(failure, run_ended=found.run_ended, put_off=found.put_off)


def _failed(ask: Ask, error: ImageError) -> Failure:
    ended = isinstance(error, StoreError) and error.ended
    return fail(ask, error.reason, error.message, run_ended=ended)
