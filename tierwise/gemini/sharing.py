"""How what one request used is shared out among its questions, exactly and whatever their order.

An image alone pays for its own picture; what its request had in common is everybody's in equal
parts. Where several questions were asked about each image, a picture is paid by its questions in
equal parts, words and answers by the question whose they are, as far as tokens tell, and the rest
in equal parts. Parts are whole tokens and nano-dollars, and add up to the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate, chain, pairwise

from tierwise.answers.joint import Joint
from tierwise.answers.replies import ReplyError
from tierwise.gemini.settle import Ask, answers_of, by_image, form_of, numbers_of
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import cost_nano_usd
from tierwise.records import Spent, Usage, split
from tierwise.tiers import text_tokens


def joint_shares(
    asks: Sequence[Ask],
    spent: Spent,
    pictures: Sequence[int],
    *,
    texts: Sequence[str],
    reply: str,
    price: Price | None,
) -> tuple[Spent, ...]:
    """Each question's part of a request that asks several questions about each image.

    Args:
        asks: the questions, image by image.
        spent: what the request used and cost.
        pictures: what each image's picture weighs, in whatever unit.
        texts: all words of the request.
        reply: what came back; where it cannot be read, its tokens are everybody's.
        price: of a token, by which the cost follows the tokens; None shares it equally.
    """
    order = sorted(range(len(asks)), key=lambda place: _key(asks[place]))
    text = _text_tokens(asks, order, spent.usage, texts)
    image = _image_tokens(order, spent.usage.image_tokens, pictures)
    inputs = [one + other for one, other in zip(image, text, strict=True)]
    parts = zip(
        inputs,
        image,
        _spread(spent.usage.cached_tokens, order, inputs),
        _output_tokens(asks, order, spent.usage.output_tokens, reply),
        _evenly(spent.usage.thought_tokens, order),
        strict=True,
    )
    usages = [Usage(*part) for part in parts]
    weights = [cost_nano_usd(usage, price) if price else 1 for usage in usages]
    costs = _spread(spent.cost, order, weights)
    counts = (spent.requests, spent.maybe_billed, spent.checked, spent.mixed_up)
    shared = [_evenly(count, order) for count in counts]
    return tuple(
        Spent(usages[place], costs[place], *(count[place] for count in shared))
        for place in range(len(asks))
    )


def in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total that add up to it; equal ones where nothing weighs anything.

    >>> in_proportion(1337, [265, 1071])
    [265, 1072]
    """
    weights = weights if sum(weights) else [1] * len(weights)
    ends = [total * upto // sum(weights) for upto in accumulate(weights)]
    return [end - start for start, end in pairwise([0, *ends])]


def _key(ask: Ask) -> tuple[str, int, str, str]:
    return ask.content_hash, ask.page.number, ask.task.name, ask.request_id


def _image_tokens(order: Sequence[int], total: int, weights: Sequence[int]) -> list[int]:
    """Of each picture, by its weight, an equal part for each of its questions."""
    each, tokens = len(order) // len(weights), [0] * len(order)
    images = list(dict.fromkeys(place // each for place in order))
    for number, picture in enumerate(_spread(total, images, weights)):
        mine = [place for place in order if place // each == number]
        for place, part in zip(mine, split(picture, each), strict=True):
            tokens[place] = part
    return tokens


def _text_tokens(
    asks: Sequence[Ask], order: Sequence[int], usage: Usage, texts: Sequence[str]
) -> list[int]:
    """The words of a question in equal parts for its images, the rest in equal parts for all."""
    told, words = usage.input_tokens - usage.image_tokens, _words(asks)
    whole = max(sum(map(text_tokens, texts)), sum(words), 1)
    parts = [0] * len(asks)
    for question, tokens in enumerate(words):
        mine = [place for place in order if place % len(words) == question]
        for place, part in zip(mine, split(told * tokens // whole, len(mine)), strict=True):
            parts[place] = part
    return _and_rest(parts, told, order)


def _output_tokens(asks: Sequence[Ask], order: Sequence[int], total: int, reply: str) -> list[int]:
    """What each answer takes, and an equal part of what is around them."""
    written = _written(asks, reply)
    own = written if sum(written) <= total else _spread(total, order, written)
    return _and_rest(own, total, order)


def _words(asks: Sequence[Ask]) -> list[int]:
    """About how many tokens the words of each question have, in the order of the questions."""
    questions, answers = by_image(asks)[0], answers_of(asks)
    headed = answers.headed(form_of(asks)) if isinstance(answers, Joint) else ()
    return [
        text_tokens(head + ask.prompt.shared + behind)
        for ask, (head, behind) in zip(questions, headed, strict=True)
    ]


def _written(asks: Sequence[Ask], reply: str) -> list[int]:
    """About how many tokens each question's answer has."""
    answers = answers_of(asks)
    if isinstance(answers, Joint):
        with suppress(ReplyError):
            rows = answers.read(reply, form_of(asks), numbers_of(asks))
            return [cell.tokens for cell in chain.from_iterable(rows)]
    return [0] * len(asks)


def _and_rest(parts: Sequence[int], total: int, order: Sequence[int]) -> list[int]:
    """The parts, and of what they leave of the total an equal part each."""
    rest = _evenly(total - sum(parts), order)
    return [one + other for one, other in zip(parts, rest, strict=True)]


def _evenly(total: int, order: Sequence[int]) -> list[int]:
    """A total in equal parts, what is left over going by an order."""
    found = dict(zip(order, split(total, len(order)), strict=True))
    return [found[place] for place in range(len(order))]


def _spread(total: int, order: Sequence[int], weights: Sequence[int]) -> list[int]:
    """A total in proportion to weights, what is left over going by an order."""
    parts = in_proportion(total, [weights[place] for place in order])
    found = dict(zip(order, parts, strict=True))
    return [found[place] for place in range(len(order))]
