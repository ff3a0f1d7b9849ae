"""Which form of a question Gemini takes, learnt from its refusals and kept for the run.

A refusal (400) is never billed, so trying the next form costs a request and no money. What proves a
form is a reply: until one came, another form may be to blame for a refusal, and a single image
whose question was never answered is tried in each; afterwards the picture is.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import Dialect, Form, LabelForm
from tierwise.answers.joint import Joint
from tierwise.gemini.call_error import CallError
from tierwise.gemini.compose import answers_in
from tierwise.gemini.retry import Ruling, Verdict
from tierwise.gemini.settle import (
    Ask,
    answers_of,
    by_image,
    can_split,
    form_of,
    is_joint,
    numbers_of,
)

# What refusals for other reasons than the form say.
_OF_OTHER_THINGS = re.compile(
    r"image|picture|token count|payload size|api key|unsupported mime|location|safety|thinking",
    re.IGNORECASE,
)

_FEW = 3
# Where a list was refused, one a tenth shorter is the next to be tried: the branches of a tree have
# all lengths, and each try is a request.
_MUCH_SHORTER = 0.9
_LISTED_IN_SCHEMA = {LabelForm.ENUM, LabelForm.NUMBERS}

_Kind = tuple[str, AnswerType | Joint]


class FormMemory:
    """Shared by the requests of a process, on one event loop.

    Args:
        checked_share: the share of packs whose items must say which picture they are about.
    """

    def __init__(self, checked_share: float = 0.0) -> None:
        self._checked_share = checked_share
        self._taken: dict[_Kind, Form] = {}
        self._most_images: dict[tuple[_Kind, Form], int] = {}
        self._in_vain = Counter[_Kind]()  # how often refused in every form
        # By model and what stands for a label, how many labels may still be tried.
        self._too_long: dict[tuple[str, LabelForm | None], int] = {}

    def put(self, asks: Sequence[Ask]) -> tuple[Ask, ...]:
        """A request in the form in which it will be sent; one that has a form keeps it."""
        if asks[0].form:
            return tuple(asks)
        form = self._taken.get(_kind(asks)) or self._short_enough(asks)
        form = replace(form, checked=self._is_checked(asks))
        return tuple(replace(ask, form=form) for ask in asks)

    def _short_enough(self, asks: Sequence[Ask]) -> Form:
        """The first form that was not refused for a list of labels about as short as this one.

        The branches of a tree are many lists, and not each has to be refused.
        """
        form, answers = form_of(asks), answers_of(asks)
        if isinstance(answers, Joint):
            return form
        labels, model = len(answers.options()), asks[0].route.model
        for one in answers.forms():
            if labels <= self._too_long.get((model, one.labels), labels):
                return one
        return form

    def put_in_batch(self, asks: Sequence[Ask]) -> tuple[Ask, ...]:
        """A request in the form in which a batch job asks it.

        Never by `responseJsonSchema`: rows of batch jobs had degenerate answers to it, 502 of 502,
        where `responseSchema` was right (crmne/ruby_llm issue 894, August 2026).
        """
        forms = answers_of(asks).forms()
        form = next(one for one in forms if one.dialect is not Dialect.JSON_SCHEMA)
        form = replace(form, checked=self._is_checked(asks))
        return tuple(replace(ask, form=form) for ask in asks)

    def took(self, asks: Sequence[Ask]) -> None:
        """Note that Gemini replied to this form, for so many images."""
        kind, form = _kind(asks), replace(form_of(asks), checked=False)
        self._in_vain.pop(kind, None)
        images = max(len(by_image(asks)), self._most_images.get((kind, form), 0))
        self._most_images[kind, form] = images
        if not self._proven(asks, self._taken.setdefault(kind, form)):
            self._taken[kind] = form

    def after(
        self, asks: Sequence[Ask], error: CallError, verdict: Verdict
    ) -> tuple[Ask, ...] | None:
        """The same request in the next form, None where its form is not to blame for a refusal."""
        form = form_of(asks)
        if error.status != 400 or verdict.ruling not in (Ruling.FORM, Ruling.SPLIT):
            return None
        if self._proven(asks, replace(form, checked=False)) or self.in_vain(asks):
            return None
        unnamed = verdict.ruling is Ruling.SPLIT
        if unnamed and (answers_in(asks) > 1 or _OF_OTHER_THINGS.search(str(error))):
            return None
        answers = answers_of(asks)
        if not isinstance(answers, Joint) and form.labels in _LISTED_IN_SCHEMA:
            key = asks[0].route.model, form.labels
            too_long = int(len(answers.options()) * _MUCH_SHORTER)
            self._too_long[key] = min(too_long, self._too_long.get(key, too_long))
        other = answers.next_form(form, answers_in(asks))
        if other is None:
            self._in_vain.setdefault(_kind(asks), 0)
            return None
        return tuple(replace(ask, form=other) for ask in asks)

    def in_vain(self, asks: Sequence[Ask]) -> bool:
        """Whether Gemini refused these questions in every form."""
        return _kind(asks) in self._in_vain

    def refused(self, asks: Sequence[Ask]) -> None:
        """Note that a request with these questions was given up, its forms exhausted."""
        self._in_vain[_kind(asks)] += 1

    def hopeless(self, asks: Sequence[Ask]) -> bool:
        """Whether several requests with these questions were refused in every form, and none taken.

        One may have had a picture to blame.
        """
        return self._in_vain[_kind(asks)] >= _FEW

    def better(self, asks: Sequence[Ask]) -> tuple[Ask, ...] | None:
        """The same request in a form that was taken meanwhile, where its own was not."""
        form, taken = form_of(asks), self._taken.get(_kind(asks))
        if taken is None or self._proven(asks, replace(form, checked=False)):
            return None
        if not self._proven(asks, taken) or not _is_later(asks, taken, form):
            return None
        return tuple(replace(ask, form=replace(taken, checked=form.checked)) for ask in asks)

    def _proven(self, asks: Sequence[Ask], form: Form) -> bool:
        """Whether it was taken for so many images: a pack's schema grows with it."""
        return self._most_images.get((_kind(asks), form), 0) >= len(by_image(asks))

    def _is_checked(self, asks: Sequence[Ask]) -> bool:
        """Drawn by the request itself, so that the same request is the same in every run.

        On a contact sheet the numbers stand in the picture. A reply to several questions about
        several images always has numbers that were drawn.
        """
        if is_joint(asks):
            return bool(numbers_of(asks)) and asks[0].route.images_per_sheet == 1
        if not can_split(asks) or asks[0].route.images_per_sheet > 1:
            return False
        named = " ".join(ask.request_id for ask in asks)
        drawn = int.from_bytes(hashlib.sha256(named.encode()).digest()[:6], "big") / 2**48
        return drawn < self._checked_share


def _kind(asks: Sequence[Ask]) -> _Kind:
    return asks[0].route.model, answers_of(asks)


def _is_later(asks: Sequence[Ask], one: Form, other: Form) -> bool:
    ladder = answers_of(asks).forms()
    return ladder.index(one) > ladder.index(replace(other, checked=False))
