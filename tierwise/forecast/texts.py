"""Text tokens of a task's requests, from the prompts of some images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean

from tierwise.forecast.survey import SeenImage
from tierwise.looks import joint_of
from tierwise.tasks import Task
from tierwise.tasks.grouping import BY_FOLDER
from tierwise.tiers import text_tokens
from tierwise.wording import (
    Prompt,
    RequestTexts,
    group_texts,
    joint_texts,
    render,
    request_texts,
)

_FOLDER_IN_PROMPT = "a folder's name"
_PROMPTS = 50
# "Image 12: " and a line break stand around what is the image's own.
_LEAD_TOKENS = 2.25
_CHARACTERS_PER_TOKEN = 4
# Words as `check_word` makes them, and what an item has more that repeats one.
_WORDS = ("kbtw", "rvzs")
CHECK_REPLY_TOKENS = len('"check": "kbtw", ') / _CHARACTERS_PER_TOKEN
_SCHEMA_KEYS = ("responseSchema", "responseJsonSchema")


@dataclass(frozen=True, slots=True)
class Texts:
    """Mean text tokens of the requests that ask some tasks, without the answers that they tell.

    `words` are each task's own, `alone` all those of a request that asks it of one image and
    nothing else. Around them stand `single` tokens where there is one image; a pack has its
    `opening` and what each image adds.
    """

    words: tuple[float, ...]
    alone: tuple[float, ...]
    single: float
    opening: float
    each: float

    def around(self, images: float) -> float:
        """Tokens of a request with so many images that are no task's own."""
        return self.single if images == 1 else self.opening + images * self.each

    def of(self, images: float) -> float:
        """Text tokens of a request with so many images."""
        return sum(self.words) + self.around(images)


def texts_of(tasks: Sequence[Task], images: Sequence[SeenImage]) -> Texts:
    """The mean over the prompts of the first images."""
    seen = images[:_PROMPTS]
    prompts = [_prompts(task, seen) for task in tasks]
    if not seen:
        return Texts((0,) * len(tasks), (0,) * len(tasks), 0, 0, 0)
    if len(tasks) > 1:
        return _joint_texts(tasks, list(zip(*prompts, strict=True)))
    task, own = tasks[0], prompts[0]
    first, instruction = own[0], task.answer.instruction()
    if task.per:
        alone = text_tokens(group_texts(first, instruction, 1).opening)
        together = text_tokens(group_texts(first, instruction, 2).opening)
        return Texts((0,), (alone,), alone, together, 0)
    packed = task.answer.instruction(images=task.route.images_per_request)
    alone_tokens = _alone(task, own)
    return Texts(
        words=(0,),
        alone=(alone_tokens,),
        single=alone_tokens,
        opening=text_tokens(request_texts([first, first], packed).opening),
        each=fmean(text_tokens(prompt.own) for prompt in own) + _lead(task, first),
    )


def _joint_texts(tasks: Sequence[Task], images: Sequence[Sequence[Prompt]]) -> Texts:
    """Those of requests that ask several tasks about each image."""
    joint, first = joint_of(tasks), images[0]
    form = joint.forms()[0]
    headed = list(joint.headed(form))
    words = tuple(
        float(text_tokens(head + prompt.shared + behind))
        for prompt, (head, behind) in zip(first, headed, strict=True)
    )

    def texts(some: Sequence[Sequence[Prompt]]) -> RequestTexts:
        numbers = range(100, 100 + len(some)) if len(some) > 1 else ()
        closing = joint.closing(form, len(some))
        return joint_texts(some, headed, closing, numbers=tuple(numbers))

    own = sum(words)
    each = fmean(sum(map(text_tokens, texts([one, one]).before_pictures)) / 2 for one in images)
    leads = fmean(sum(map(text_tokens, texts([one]).before_pictures)) for one in images)
    return Texts(
        words=words,
        alone=tuple(
            _alone(task, [one[place] for one in images]) for place, task in enumerate(tasks)
        ),
        single=text_tokens(texts([first]).opening) - own + leads,
        opening=text_tokens(texts([first, first]).opening) - own,
        each=each,
    )


def _prompts(task: Task, images: Sequence[SeenImage]) -> list[Prompt]:
    answers = dict.fromkeys(task.depends_on, "")
    folder = {BY_FOLDER: _FOLDER_IN_PROMPT} if task.per else {}
    return [
        render(task, filename=image.name, columns={**folder, **image.columns}, answers=answers)
        for image in images
    ]


def _alone(task: Task, prompts: Sequence[Prompt]) -> float:
    """Text tokens of a request that asks one task of one image."""
    instruction = task.answer.instruction()
    return fmean(text_tokens(request_texts([one], instruction).opening) for one in prompts)


def _lead(task: Task, prompt: Prompt) -> float:
    """What stands before each image of a pack beside its own values."""
    sheet = task.route.images_per_sheet
    if sheet == 1:
        return _LEAD_TOKENS
    # A line for the sheet, and one for each of its images that has values.
    bare = [replace(prompt, named=())] * sheet
    line = text_tokens(request_texts(bare, "", sheet).before_pictures[0])
    return line / sheet + (_LEAD_TOKENS if prompt.own else 0)


def check_text_tokens(images: float) -> float:
    """What a checked pack of so many images says more than another, in its opening and captions."""
    return _check_opening_tokens() + images * len(f" ({_WORDS[0]})") / _CHARACTERS_PER_TOKEN


@cache  # a forecast asks for each of a thousand scenarios
def _check_opening_tokens() -> int:
    bare = Prompt("", "", (), ())
    plain, checked = (request_texts([bare] * 2, "", checks=words) for words in ((), _WORDS))
    return text_tokens(checked.opening) - text_tokens(plain.opening)


def schema_tokens(tasks: Sequence[Task], answers: int) -> int:
    """Tokens of the response schema, which may count as input, for so many images."""
    if len(tasks) > 1:
        joint = joint_of(tasks)
        config = joint.response_config(joint.forms()[0], answers)
    else:
        config = tasks[0].answer.response_config(images=answers)
    return sum(text_tokens(json.dumps(config[key])) for key in _SCHEMA_KEYS if key in config)
