"""What one reply means for each question of its request. Pure: it returns what to do next.

Whatever is wrong with a request of several images or questions is narrowed down until the one to
blame stands alone, so that it costs its neighbours no answer:

    blocked, truncated, unreadable or mixed-up pack ──▶ two halves of its images
    the same of several questions about one image ──▶ each apart
    answer missing or outside its type ──▶ that question alone, once
    every answer about an image of several questions ──▶ that image once more, then each apart
    a question alone, and nothing said about it ──▶ once more, then the next run
    a question alone that is declined, with `on_refusal` ──▶ at once a failure: another ask follows
    a picture that is declined ──▶ a failure, for nobody draws it the next time either

The images of a group share one answer, or the reason why there is none: nothing is narrowed down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import add
from typing import Any

from tierwise.answerer import Answerer
from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import Form, Layout
from tierwise.answers.joint import Joint
from tierwise.answers.replies import InvalidItem, MixedUpError, ReplyError, Value
from tierwise.drawn import Drawn
from tierwise.gemini.finish import Finish, finish_of
from tierwise.gemini.reply import Reply
from tierwise.images.picture import Picture
from tierwise.looks import joint_of
from tierwise.records import (
    AS_TASK,
    REFUSALS,
    Answer,
    Failure,
    Page,
    Reason,
    Route,
    Sent,
    ServiceTier,
    Spent,
)
from tierwise.references import Reference
from tierwise.routing import Decision
from tierwise.tasks import Task
from tierwise.wording import Prompt, check_word, image_numbers

# A single image whose answer was cut off is asked once more with this many times the limit.
RAISED_LIMIT = 4


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one image, and what has been spent on it so far.

    `decision` is the route that the image takes, None for its task's own.
    `attempts` counts the requests it took part in, those that brought nothing included;
    `unanswered` those that were sent and never answered. `cut_off` says that a reply to one of them
    ended at the output limit. A `reference` is sent in the place of a picture. `form` is how it is
    put, None until it is about to be sent. `pack` names the first request that it shared with other
    images, empty while there was none. One that is `alone` shares no request any more. `lost` says
    in how many batch jobs nothing came of it, `at_once` that no further one asks it.
    """

    request_id: str
    content_hash: str
    task: Task
    page: Page
    prompt: Prompt
    picture: Picture | None = None
    decision: Decision | None = None
    limit_raised: bool = False
    cut_off: bool = False
    asked_again: bool = False
    wasted: Spent = Spent()
    attempts: int = 0
    unanswered: int = 0
    reference: Reference | None = None
    form: Form | None = None
    pack: str = ""
    alone: bool = False
    lost: int = 0
    at_once: bool = False

    @property
    def by_itself(self) -> bool:
        """Whether it is asked without other images and questions."""
        return self.alone or self.limit_raised

    @property
    def route(self) -> Route:
        """How this image is asked; others of its request may differ in media resolution."""
        return self.decision.route if self.decision else self.task.route

    @property
    def route_reason(self) -> str:
        """Why it takes this route, for people."""
        return self.decision.reason if self.decision else AS_TASK

    @property
    def max_output_tokens(self) -> int:
        """The output limit of a request with this image alone."""
        return self.task.max_output_tokens * (RAISED_LIMIT if self.limit_raised else 1)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was answered with a 200, and what it cost in all.

    Of each question, `shares` are its part of what was spent, `baselines` what the naive way would
    have cost (nano-dollars) and `sent_bytes` its part of the pictures that were sent. `answerer` is
    who replied, as far as is known. `drawn` is what was kept of a picture that came.
    """

    reply: Reply
    shares: Sequence[Spent]
    service_tier: ServiceTier
    latency_ms: int
    asked_at: str
    baselines: Sequence[int]
    sent_bytes: Sequence[int]
    answerer: Answerer | None = None
    drawn: Drawn | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Outcomes that are final, the waste that was paid for the others, and what to ask next.

    `cut_off` says that a reply about one image or group alone ended at its output limit.
    `answerer` is who replied, None where nobody did.
    """

    outcomes: tuple[Answer | Failure, ...]
    wasted: tuple[tuple[Ask, Spent], ...]
    again: tuple[tuple[Ask, ...], ...]
    cut_off: bool = False
    answerer: Answerer | None = None


def settle(asks: Sequence[Ask], exchange: Exchange) -> Settled:
    """Read a reply for the questions that were asked together."""
    pack = _Pack(tuple(asks), exchange, tuple(exchange.shares))
    match finish_of(exchange.reply):
        case Finish.CUT_OFF:
            return _settle_truncated(pack)
        case Finish.FINAL:
            return pack.narrow(*_why(exchange.reply))
        case Finish.DECLINED | Finish.OPEN as finish:
            return _settle_open(pack, declined=finish is Finish.DECLINED)
        case Finish.ANSWER if is_joint(asks):
            return _settle_joint(pack)
        case Finish.ANSWER if can_split(asks):
            return _settle_items(pack)
        case Finish.ANSWER:
            return _settle_answer(pack)


def fail(
    ask: Ask,
    reason: Reason,
    message: str,
    *,
    spent: Spent = Spent(),
    service_tier: ServiceTier | None = None,
    baseline: int = 0,
    run_ended: bool = False,
    may_pass: bool = False,
) -> Failure:
    """The failure row of an image that this run will not ask again.

    `service_tier` is what served it, the route's when nothing did; `baseline` what the naive way
    would have paid (nano-dollars) for a reply like the one that came.
    """
    return Failure(
        request_id=ask.request_id,
        task=ask.task.name,
        page=ask.page,
        reason=reason,
        message=message,
        model=ask.route.model,
        media_resolution=ask.route.media_resolution,
        service_tier=service_tier or ask.route.service_tier,
        spent=spent,
        wasted=ask.wasted,
        baseline=baseline,
        attempts=ask.attempts,
        run_ended=run_ended,
        may_pass=may_pass,
        pack=ask.pack,
    )


def fail_all(
    asks: Sequence[Ask], reason: Reason, message: str, *, run_ended: bool = False
) -> Settled:
    """A request of which nothing comes, for one reason."""
    failures = (fail(ask, reason, message, run_ended=run_ended) for ask in asks)
    return Settled(tuple(failures), (), ())


def form_of(asks: Sequence[Ask]) -> Form:
    """How a request is put: as its questions are, or as their answers would like."""
    return asks[0].form or answers_of(asks).forms()[0]


def answers_of(asks: Sequence[Ask]) -> AnswerType | Joint:
    """What may come back about one image of a request."""
    return _joint_of(asks) if is_joint(asks) else asks[0].task.answer


def _joint_of(asks: Sequence[Ask]) -> Joint:
    return joint_of([ask.task for ask in by_image(asks)[0]])


def by_image(asks: Sequence[Ask]) -> list[tuple[Ask, ...]]:
    """The questions of a request by the image they are about, each image with the same ones.

    Two names of one content are two images where they are asked apart.
    """
    if len(asks) == 1:  # as most requests are
        return [tuple(asks)]
    first = asks[0].task
    again = (place for place, ask in enumerate(asks) if place and ask.task.name == first.name)
    each = 1 if first.per else next(again, len(asks))
    return [tuple(asks[start : start + each]) for start in range(0, len(asks), each)]


def by_question(asks: Sequence[Ask]) -> tuple[tuple[Ask, ...], ...]:
    """A request for each question about all the images."""
    each = len(by_image(asks)[0])
    return tuple(tuple(map(apart, asks[place::each])) for place in range(each))


def is_joint(asks: Sequence[Ask]) -> bool:
    """Whether a request asks several questions about each of its images."""
    return len(asks) > 1 and asks[0].task.name != asks[1].task.name


def in_pack(asks: Sequence[Ask]) -> tuple[Ask, ...]:
    """The questions of a request about several images; those of their first pack remember it."""
    if len(by_image(asks)) == 1 or not can_split(asks):
        return tuple(asks)
    together = "".join(ask.request_id for ask in asks).encode()
    name = hashlib.sha256(together).hexdigest()[:16]
    return tuple(ask if ask.pack else replace(ask, pack=name) for ask in asks)


def checks_of(asks: Sequence[Ask]) -> tuple[str, ...]:
    """The words that the items of a pack repeat; none where they were not asked to."""
    if is_joint(asks) or not (form_of(asks).checked and can_split(asks)):
        return ()
    return tuple(check_word(*_image_of(ask)) for ask in asks)


def is_checked(asks: Sequence[Ask]) -> bool:
    """Whether a reply about several pictures has to show that it tells them apart."""
    return form_of(asks).checked and can_split(asks) and len(by_image(asks)) > 1


def numbers_of(asks: Sequence[Ask]) -> tuple[int, ...]:
    """The numbers by which a reply to several questions calls its images; none for one image.

    On contact sheets they are those that stand in the picture.
    """
    images = [_image_of(one[0]) for one in by_image(asks)]
    if len(images) == 1:
        return ()
    if asks[0].route.images_per_sheet > 1:
        return tuple(range(1, len(images) + 1))
    return image_numbers(images)


def can_split(asks: Sequence[Ask]) -> bool:
    """Whether each of several questions has an answer of its own, and may be asked apart."""
    return asks[0].task.answers_in_request(len(asks)) > 1


def halves(asks: Sequence[Ask]) -> tuple[tuple[Ask, ...], ...]:
    """The requests in the place of one: two halves of its images, or each question about one."""
    images = by_image(asks)
    if len(images) == 1:
        return tuple((apart(ask),) for ask in asks)
    middle = len(asks) // len(images) * ((len(images) + 1) // 2)
    return tuple(asks[:middle]), tuple(asks[middle:])


def apart(ask: Ask) -> Ask:
    """A question that goes on without those it was asked with, in a form of its own."""
    return replace(ask, form=None) if ask.form and ask.form.layout is not Layout.ALONE else ask


def _image_of(ask: Ask) -> tuple[str, int]:
    return ask.content_hash, ask.page.number


@dataclass(frozen=True, slots=True)
class _Pack:
    asks: tuple[Ask, ...]
    exchange: Exchange
    shares: tuple[Spent, ...]

    def narrow(self, reason: Reason, message: str, *, may_pass: bool = False) -> Settled:
        """Halve a pack; what cannot be split fails, and its request is what the failure cost."""
        if can_split(self.asks):
            return self.repeat(halves(self.all_charged()))
        failures = (
            self.fail(index, reason, message, may_pass=may_pass) for index in range(len(self.asks))
        )
        return Settled(tuple(failures), (), ())

    def repeat(self, packs: tuple[tuple[Ask, ...], ...]) -> Settled:
        """Ask everything again; the whole request was wasted."""
        return Settled((), tuple(zip(self.asks, self.shares, strict=True)), packs)

    def mixed_up(self) -> Settled:
        """Ask halves of a pack whose answers belong to other pictures, and count it if checked."""
        counted = Spent(mixed_up=int(is_checked(self.asks))).shares(len(self.asks))
        shares = tuple(map(add, self.shares, counted))
        pack = replace(self, shares=shares)
        return pack.repeat(halves(pack.all_charged()))

    def answer(self, index: int, value: Any, answered_as: str = "") -> Answer:
        ask, exchange = self.asks[index], self.exchange
        picture, images = ask.picture, by_image(self.asks)
        with_it = images[index // len(images[0])]
        return Answer(
            request_id=ask.request_id,
            task=ask.task.name,
            page=ask.page,
            value=value,
            model=ask.route.model,
            model_version=exchange.reply.model_version,
            media_resolution=ask.route.media_resolution,
            service_tier=exchange.service_tier,
            sent=_sent(picture, exchange.sent_bytes[index]) if picture else Sent(),
            images_in_request=len(images),
            asked_with=tuple(one.task.row_of for one in with_it if one is not ask),
            spent=self.shares[index],
            wasted=ask.wasted,
            baseline=exchange.baselines[index],
            attempts=ask.attempts,
            latency_ms=exchange.latency_ms,
            asked_at=exchange.asked_at,
            cut_off=ask.cut_off,
            route_reason=ask.route_reason,
            service=exchange.answerer.service if exchange.answerer else None,
            label_form=self.form_of(index).name,
            pack=ask.pack,
            answered_as=answered_as,
        )

    def form_of(self, index: int) -> Form:
        """How one question was put."""
        form, answers = form_of(self.asks), answers_of(self.asks)
        if not isinstance(answers, Joint):
            return form
        return answers.part_forms(form)[index % len(answers.parts)]

    def fail(self, index: int, reason: Reason, message: str, *, may_pass: bool = False) -> Failure:
        """Its share of this request is what the failure cost."""
        return fail(
            self.asks[index],
            reason,
            message,
            spent=self.shares[index],
            service_tier=self.exchange.service_tier,
            baseline=self.exchange.baselines[index],
            may_pass=may_pass,
        )

    def charged(self, index: int, **changes: Any) -> Ask:
        """An image that goes round again, with its share of this request as waste."""
        ask = self.asks[index]
        return replace(ask, wasted=ask.wasted + self.shares[index], **changes)

    def all_charged(self, **changes: Any) -> tuple[Ask, ...]:
        return tuple(self.charged(index, **changes) for index in range(len(self.asks)))


def _why(reply: Reply) -> tuple[Reason, str]:
    """The reason of a failure row, and the words, for a reply that holds no answer."""
    if reply.block_reason:
        return Reason.BLOCKED_PROMPT, f"Gemini refused: {reply.block_reason}"
    if reply.finish_reason in ("", "STOP"):
        return Reason.INVALID_ANSWER, "Gemini's reply is empty"
    words = " ".join(reply.finish_message.split())
    why = f"{reply.finish_reason}: {words}" if words else reply.finish_reason
    return Reason.BLOCKED_ANSWER, f"Gemini stopped: {why}"


def _settle_open(pack: _Pack, *, declined: bool) -> Settled:
    """Nothing was said about any picture, or they were declined for no reason that is final."""
    ask = pack.asks[0]
    reason, words = _why(pack.exchange.reply)
    goes_on = ask.task.declined_once and reason in REFUSALS
    if declined and ask.task.answer.draws():
        return pack.narrow(reason, words)
    if not (can_split(pack.asks) or ask.asked_again or (declined and goes_on)):
        return pack.repeat((pack.all_charged(asked_again=True),))
    if goes_on:
        return pack.narrow(reason, words)
    return pack.narrow(
        reason, f"{words}, twice; it is no verdict, so the next run asks again", may_pass=True
    )


def _settle_truncated(whole: _Pack) -> Settled:
    pack = replace(whole, asks=tuple(replace(ask, cut_off=True) for ask in whole.asks))
    ask, alone = pack.asks[0], not can_split(pack.asks)
    if alone and not ask.limit_raised:
        settled = pack.repeat((pack.all_charged(limit_raised=True),))
    else:
        settled = pack.narrow(
            Reason.TRUNCATED,
            f"The answer did not end within {ask.max_output_tokens} tokens. "
            "Raise max_output_tokens of the task, or ask for less.",
        )
    return replace(settled, cut_off=alone)


def _settle_answer(pack: _Pack) -> Settled:
    ask = pack.asks[0]
    try:
        text, form, answer = pack.exchange.reply.text, form_of(pack.asks), ask.task.answer
        value, said = answer.of_reply(text, form, pack.exchange.drawn), answer.said_in(text, form)
    except ReplyError as error:
        if ask.asked_again:
            return pack.narrow(Reason.INVALID_ANSWER, str(error))
        return pack.repeat((pack.all_charged(asked_again=True),))
    return Settled(
        tuple(pack.answer(index, value, said) for index in range(len(pack.asks))), (), ()
    )


def _settle_items(pack: _Pack) -> Settled:
    answer, text = pack.asks[0].task.answer, pack.exchange.reply.text
    images, form = len(pack.asks), form_of(pack.asks)
    try:
        items = answer.parse_packed(text, images, form, checks_of(pack.asks))
        said = answer.answered_as_packed(text, images, form)
    except MixedUpError:
        return pack.mixed_up()
    except ReplyError:
        return pack.repeat(halves(pack.all_charged()))
    return _all(
        [_settle_item(pack, place, items[place + 1], said[place + 1]) for place in range(images)]
    )


def _settle_joint(pack: _Pack) -> Settled:
    asks = pack.asks
    try:
        rows = _joint_of(asks).read(pack.exchange.reply.text, form_of(asks), numbers_of(asks))
    except MixedUpError:
        return pack.mixed_up()
    except ReplyError:
        return pack.repeat(halves(pack.all_charged()))
    each, parts = len(rows[0]), list[Settled]()
    for start, row in zip(range(0, len(asks), each), rows, strict=True):
        items = [cell.value for cell in row]
        said = [cell.answered_as for cell in row]
        if all(isinstance(item, InvalidItem) for item in items) and not asks[start].asked_again:
            parts.append(_ask_row_again(pack, range(start, start + each)))
        else:
            parts += [
                _settle_item(pack, start + place, item, said[place])
                for place, item in enumerate(items)
            ]
    return _all(parts)


def _ask_row_again(pack: _Pack, places: Iterable[int]) -> Settled:
    """Ask all questions about one image once more: a whole row is seldom wrong twice."""
    wasted = tuple((pack.asks[place], pack.shares[place]) for place in places)
    again = tuple(pack.charged(place, asked_again=True) for place in places)
    return Settled((), wasted, (again,))


def _all(parts: Sequence[Settled]) -> Settled:
    return Settled(
        outcomes=tuple(outcome for part in parts for outcome in part.outcomes),
        wasted=tuple(waste for part in parts for waste in part.wasted),
        again=tuple(again for part in parts for again in part.again),
    )


def _settle_item(pack: _Pack, index: int, item: Value | InvalidItem, said: str) -> Settled:
    if isinstance(item, InvalidItem):
        return _settle_invalid(pack, index, item.why)
    return Settled((pack.answer(index, item, said),), (), ())


def _settle_invalid(pack: _Pack, index: int, message: str) -> Settled:
    ask, share = pack.asks[index], pack.shares[index]
    if not ask.asked_again or is_joint(pack.asks):
        again = apart(pack.charged(index, asked_again=True))
        return Settled((), ((ask, share),), ((again,),))
    return Settled((pack.fail(index, Reason.INVALID_ANSWER, message),), (), ())


def _sent(picture: Picture, sent_bytes: int) -> Sent:
    return Sent(
        width=picture.width,
        height=picture.height,
        bytes=sent_bytes,
        format=picture.mime_type.removeprefix("image/"),
        resized=picture.resized,
        fallback=picture.fallback,
        truncated=picture.truncated,
        preview=picture.preview,
        tones=picture.tones,
        turned_by=picture.turned_by,
        milliseconds=picture.milliseconds,
    )
