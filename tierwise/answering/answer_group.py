"""One group of images from its files to an outcome for each: the life of a group.

The images are sent in one request and share its answer, or the reason why there is none. One that
cannot be opened has a failure of its own, and the others are asked without it. What is identified,
and so never asked again, is what was sent: the same pictures under other names are the same group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tierwise.answering.asking import Asking
from tierwise.answering.group_pictures import GroupImage, open_group, too_many
from tierwise.answering.groups import (
    AnsweredGroup,
    Group,
    left_out,
    member_id,
    outcome_of_rest,
)
from tierwise.answering.keep_thumbnail import keep_thumbnail
from tierwise.answering.known_group import (
    group_id,
    group_prompt,
    known_images,
    required_grouping,
    sends_nothing,
)
from tierwise.answering.question import resumed
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.errors import ImageError, StoreError
from tierwise.gemini.settle import Ask
from tierwise.records import Answered, Outcome, Page, Reason
from tierwise.tasks import Task
from tierwise.tasks.grouping import Grouping
from tierwise.wording import Prompt

Key = tuple[str, int]


async def answer_group(group: Group, session: Asking, asked: QuestionsAsked) -> AnsweredGroup:
    """Every outcome that a group leads to; only a bug raises.

    Of groups that are the same question, the first to begin is asked, and pays.
    """
    task = session.plan.questions.task(group.task)
    async with asked.turn(group_id(group, task)):
        return await _Life(group, task, required_grouping(task), session, asked).answered()


@dataclass(frozen=True, slots=True)
class _Life:
    group: Group
    task: Task
    grouping: Grouping
    session: Asking
    asked: QuestionsAsked

    async def answered(self) -> AnsweredGroup:
        if sends_nothing(self.group, self.task):
            return self._unopened(too_many(self.group, self.grouping))
        prompt = group_prompt(self.group, self.task)
        if known := known_images(self.group, self.task, self.asked.recalled):
            return await self._ask(prompt, [GroupImage(*image) for image in known], ())
        if self.group.content_hash not in self.asked.recalled.contents:
            try:
                self.session.check_open()
            except ImageError as error:
                return self._unopened(error)
        images = await open_group(self.group, self.task, self.grouping, self.session)
        if away := _kept_away(images):
            return self._unopened(away)
        sent = [image for image in images if image.picture]
        return await self._ask(prompt, sent, [image for image in images if not image.picture])

    def _unopened(self, error: ImageError) -> AnsweredGroup:
        return self._answered({}, left_out(self.task, Page(), error))

    async def _ask(
        self, prompt: Prompt, sent: Sequence[GroupImage], others: Sequence[GroupImage]
    ) -> AnsweredGroup:
        """Ask about the images sent; the others fail, or have the same answer."""
        if sent:
            unsent = [image.key for image in others]
            key = group_id(self.group, self.task, unsent)
            outcomes = await self._request(prompt, sent, key)
            rest = outcome_of_rest(list(outcomes.values()))
        else:
            outcomes, rest = {}, left_out(self.task, Page(), _why_nothing(others))
        for image in others:
            if image.error:
                outcomes[image.key] = left_out(self.task, image.page, image.error)
            else:
                outcomes[image.key] = replace(rest, page=image.page)
        return self._answered(outcomes, rest)

    async def _request(
        self, prompt: Prompt, sent: Sequence[GroupImage], key: str
    ) -> dict[Key, Outcome]:
        """An outcome for each image; its part of the journal has an id of its own."""
        asks = [self._question(image, prompt, key) for image in sent]
        asks = [resumed(ask, self.asked.recalled) for ask in asks]
        if any(ask.limit_raised for ask in asks):
            asks = [replace(ask, limit_raised=True) for ask in asks]
        self.asked.recalled.contents.add(self.group.content_hash)
        outcomes = await self.asked.once(asks, partial(self._ask_all, asks))
        for image, outcome in zip(sent, outcomes, strict=True):
            await keep_thumbnail(image.file, image.page, [outcome], image.picture, self.session)
        return {
            image.key: replace(outcome, request_id=key, task=self.task.name)
            for image, outcome in zip(sent, outcomes, strict=True)
        }

    async def _ask_all(self, asks: Sequence[Ask], wanted: Sequence[Ask]) -> list[Outcome]:
        """The outcomes that are wanted of the one request about all images."""
        found = await self.session.ask_together(asks)
        return [found[ask.request_id] for ask in wanted]

    def _question(self, image: GroupImage, prompt: Prompt, group_key: str) -> Ask:
        key = member_id(group_key, *image.key)
        return Ask(
            request_id=key,
            content_hash=self.group.content_hash,
            task=self.task,
            page=image.page,
            prompt=prompt,
            picture=image.picture,
            wasted=self.asked.wasted(key),
        )

    def _answered(self, outcomes: Mapping[Key, Outcome], rest: Outcome) -> AnsweredGroup:
        by_file: dict[str, list[Outcome]] = {}
        for (content_hash, _), outcome in sorted(outcomes.items()):
            by_file.setdefault(content_hash, []).append(outcome)
        members = tuple(
            Answered(file.content_hash, file.uri, tuple(by_file[file.content_hash]))
            for file in self.group.files
            if file.content_hash in by_file
        )
        group = self.group
        return AnsweredGroup(group.task, group.name, members, rest, group.parts)


def _kept_away(images: Sequence[GroupImage]) -> ImageError | None:
    """Why a group waits for a later run: to ask it without what comes soon would be paid twice."""
    for image in images:
        error = image.error
        if isinstance(error, StoreError) and (error.passes or error.ended):
            message = f"not asked without all pictures of its group: {error.message}"
            return StoreError(error.reason, message, ended=error.ended)
    return None


def _why_nothing(images: Sequence[GroupImage]) -> ImageError:
    for image in images:
        if image.error:
            message = f"no picture of its group can be sent; the first: {image.error.message}"
            return ImageError(image.error.reason, message)
    return ImageError(Reason.UNREADABLE, "no file of its group can be read")
