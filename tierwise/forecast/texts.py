"""Text tokens of a task's requests, from the prompts of some images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from tierwise.forecast.survey import SeenImage
from tierwise.tasks import Task
from tierwise.tasks.grouping import BY_FOLDER
from tierwise.tiers import text_tokens
from tierwise.wording import Prompt, group_texts, render, request_texts

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
    """Mean text tokens of a task's requests, without the earlier answers that they tell.

    `alone` is a request with one image; a pack has its `opening` and what each image adds.
    """

    alone: float
    opening: float
    each: float

    def of(self, images: float) -> float:
        """Text tokens of a request with so many images."""
        return self.alone if images == 1 else self.opening + images * self.each


def texts_of(task: Task, images: Sequence[SeenImage]) -> Texts:
    """The mean over the prompts of the first images."""
    answers = dict.fromkeys(task.depends_on, "")
    folder = {BY_FOLDER: _FOLDER_IN_PROMPT} if task.per else {}
    prompts = [
        render(task, filename=image.name, columns={**folder, **image.columns}, answers=answers)
        for image in images[:_PROMPTS]
    ]
    if not prompts:
        return Texts(0, 0, 0)
    first, alone = prompts[0], task.answer.instruction()
    if task.per:
        together = text_tokens(group_texts(first, alone, 2).opening)
        return Texts(text_tokens(group_texts(first, alone, 1).opening), together, 0)
    packed = task.answer.instruction(images=task.route.images_per_request)
    return Texts(
        alone=fmean(text_tokens(request_texts([one], alone).opening) for one in prompts),
        opening=text_tokens(request_texts([first, first], packed).opening),
        each=fmean(text_tokens(prompt.own) for prompt in prompts) + _lead(task, first),
    )


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
    bare = Prompt("", "", (), ())
    plain, checked = (request_texts([bare] * 2, "", checks=words) for words in ((), _WORDS))
    more = text_tokens(checked.opening) - text_tokens(plain.opening)
    return more + images * len(f" ({_WORDS[0]})") / _CHARACTERS_PER_TOKEN


def schema_tokens(task: Task, answers: int) -> int:
    """Tokens of the response schema, which may count as input, for so many answers."""
    config = task.answer.response_config(images=answers)
    return sum(text_tokens(json.dumps(config[key])) for key in _SCHEMA_KEYS if key in config)
