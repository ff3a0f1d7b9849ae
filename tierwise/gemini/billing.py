"""What requests cost, by the price rows that hold where and when they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import accumulate, pairwise

from tierwise.contact_sheets import layout_of
from tierwise.errors import PriceError
from tierwise.gemini.compose import most_text_tokens, output_limit
from tierwise.gemini.reply import Reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.gemini.sheets import by_picture
from tierwise.models import answering_model, find_model, forwarded
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import MediaResolution, Route, ServiceTier, Spent, Usage
from tierwise.tiers import image_tokens, most_image_tokens, text_tokens
from tierwise.wording import request_texts

# Of a file that is sent as it is, because it could not be opened here, or by reference.
_UNKNOWN_SIZE = (4000, 3000)


@dataclass(frozen=True, slots=True)
class Billing:
    """Prices of one service."""

    service: Service

    def spent(self, model: str, reply: Reply, tier: ServiceTier, on: date) -> Spent:
        """What a reply cost, at the tier that was served, by the model that answered."""
        model = answering_model(model, reply.model_version)
        price = self._price(model, tier, on, reply.usage.input_tokens)
        return Spent(reply.usage, cost_nano_usd(reply.usage, price), requests=1)

    def of_pictures(
        self, asks: Sequence[Ask], reply: Reply, spent: Spent, tier: ServiceTier, on: date
    ) -> list[Spent]:
        """What each picture of a request used, where they differ in media resolution; else nothing.

        The picture tokens that were billed are told apart in proportion to the documented rule.
        """
        if len({ask.route.media_resolution for ask in asks}) < 2:
            return []
        by_rule = [self._image_tokens(ask, ask.route.media_resolution, *_sent(ask)) for ask in asks]
        usage = spent.usage
        model = answering_model(asks[0].route.model, reply.model_version)
        price = self._price(model, tier, on, usage.input_tokens)
        # Nobody says which tokens were cached; taken as if all were, no picture costs too much.
        cached = usage.cached_tokens > 0
        per_token = price.cached_input_usd_per_mtok if cached else price.input_usd_per_mtok
        return [
            Spent(Usage(input_tokens=tokens, image_tokens=tokens), _floor(tokens * per_token))
            for tokens in _in_proportion(usage.image_tokens, by_rule)
        ]

    def worst_case(self, asks: Sequence[Ask], on: date) -> int:
        """The most that a request can cost, in nano-dollars: its input, and output to its limit.

        Google may serve another tier than was asked for, and then bills the standard price, or let
        another model answer, and then bills that model's. The pictures need not be there yet,
        except for models that bill pixels.
        """
        route = asks[0].route
        usage = Usage(
            input_tokens=most_text_tokens(asks)
            + sum(map(self._most_image_tokens, by_picture(asks))),
            output_tokens=output_limit(asks),
        )
        return max(
            cost_nano_usd(usage, price) for price in self._prices(route, on, usage.input_tokens)
        )

    def at_most(self, asks: Sequence[Ask], on: date) -> int:
        """The worst case, and nothing on a day without a price, on which nothing is sent."""
        try:
            return self.worst_case(asks, on)
        except PriceError:
            return 0

    def check_priced(self, route: Route, on: date) -> None:
        """Raises PriceError where nobody knows what a request by this route costs on a day."""
        list(self._prices(route, on, 0))

    def tokens_in_pack(self, ask: Ask) -> int:
        """About what a question adds to the input of a request that it shares."""
        picture = self._image_tokens(ask, ask.route.media_resolution, *_sent(ask))
        return -(-picture // ask.route.images_per_sheet) + text_tokens(ask.prompt.own)

    def baselines(
        self, asks: Sequence[Ask], texts: Sequence[str], usage: Usage, on: date
    ) -> list[int]:
        """The same images asked the naive way: flat `high`, one per request, standard tier.

        Text tokens of a request with one image are what this request was billed, scaled by our
        estimates for the one and for the pack; the reply is each image's share of this reply, or
        all of it where the images share one answer.
        """
        answers = asks[0].task.answers_in_request(len(asks))
        shares = Spent(usage).shares(answers) * (len(asks) // answers)
        estimated = sum(map(text_tokens, texts)) or 1
        billed_text = usage.input_tokens - usage.image_tokens
        price = self._price(asks[0].route.model, ServiceTier.STANDARD, on, 0)
        costs = []
        for ask, share in zip(asks, shares, strict=True):
            alone = request_texts([ask.prompt], ask.task.answer.instruction()).opening
            text = billed_text * text_tokens(alone) // estimated
            naive = Usage(
                input_tokens=text + self._image_tokens(ask, MediaResolution.HIGH, *_original(ask)),
                output_tokens=share.usage.output_tokens,
                thought_tokens=share.usage.thought_tokens,
            )
            costs.append(cost_nano_usd(naive, price))
        return costs

    def _most_image_tokens(self, together: Sequence[Ask]) -> int:
        """Of one picture: an image by itself, or a contact sheet."""
        if together[0].task.reads == "text":
            return 0
        route, sizes = together[0].route, [_sent(ask) for ask in together]
        width, height = sizes[0] if len(sizes) == 1 else layout_of(sizes).size
        if not all(map(all, sizes)):
            width, height = _UNKNOWN_SIZE
        return most_image_tokens(
            route.model, route.media_resolution, width, height, vertex=self.service.vertex
        )

    def _image_tokens(self, ask: Ask, resolution: MediaResolution, width: int, height: int) -> int:
        if ask.picture is None and ask.reference is None:
            return 0
        if not (width and height):
            width, height = _UNKNOWN_SIZE
        return image_tokens(ask.route.model, resolution, width, height, vertex=self.service.vertex)

    def _prices(self, route: Route, on: date, context_tokens: int) -> Iterator[Price]:
        """Those of whoever may answer, at each tier that may be served."""
        asked = find_model(route.model, vertex=self.service.vertex)
        for model in {asked.name, forwarded(asked, on).name}:
            for tier in (route.service_tier, ServiceTier.STANDARD):
                yield self._price(model, tier, on, context_tokens)

    def _price(self, model: str, tier: ServiceTier, on: date, context_tokens: int) -> Price:
        """The price on a day; of a model that has none any more, that of the one in its place."""
        vertex = self.service.vertex
        find = partial(
            find_price,
            tier=tier,
            on=on,
            vertex=vertex,
            regional=self.service.regional,
            context_tokens=context_tokens,
            prices=self.service.prices,
        )
        try:
            return find(model)
        except PriceError:
            other = forwarded(find_model(model, vertex=vertex), on).name
            if other == model:
                raise
            return find(other)


def _in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of a total that add up to it.

    >>> _in_proportion(1337, [265, 1071])
    [265, 1072]
    """
    ends = [total * upto // max(1, sum(weights)) for upto in accumulate(weights)]
    return [end - start for start, end in pairwise([0, *ends])]


def _floor(tokens_times_usd_per_mtok: Decimal) -> int:
    """Whole nano-dollars, rounded down, so that parts never come to more than the whole."""
    return int(tokens_times_usd_per_mtok * 1000)


def _sent(ask: Ask) -> tuple[int, int]:
    return (ask.picture.width, ask.picture.height) if ask.picture else (0, 0)


def _original(ask: Ask) -> tuple[int, int]:
    """The naive way sends the original; older models on Vertex count its pixels."""
    return ask.page.width, ask.page.height
