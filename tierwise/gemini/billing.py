"""What requests cost, by the price rows that hold where and when they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial

from tierwise.contact_sheets import layout_of
from tierwise.errors import PriceError
from tierwise.gemini.compose import drawn_tokens, examples_in, most_text_tokens, output_limit
from tierwise.gemini.reply import Reply
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, by_image, is_joint
from tierwise.gemini.sharing import in_proportion, joint_shares
from tierwise.gemini.sheets import by_picture
from tierwise.models import answering_model, find_model, forwarded
from tierwise.prices.cache_terms import CacheTerms, cache_terms, naming_a_cache
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import MediaResolution, Route, ServiceTier, Spent, Usage, split
from tierwise.tasks.examples import example_tokens, most_example_tokens
from tierwise.tiers import image_tokens, most_image_tokens, text_tokens
from tierwise.wording import request_texts

# What the echo of a batch row adds at most, by `tierwise.gemini.batch.echo`.
_ECHO = Usage(input_tokens=400, output_tokens=64)
# Of a file that is sent as it is, because it could not be opened here, or by reference.
_UNKNOWN_SIZE = (4000, 3000)


@dataclass(frozen=True, slots=True)
class Billing:
    """Prices of one service."""

    service: Service

    def spent(
        self, model: str, reply: Reply, tier: ServiceTier, on: date, *, names_cache: bool = False
    ) -> Spent:
        """What a reply cost, at the tier that was served, by the model that answered."""
        price = self._price_of(model, reply, tier, on, names_cache=names_cache)
        return Spent(reply.usage, cost_nano_usd(reply.usage, price), requests=1)

    def shares(
        self,
        asks: Sequence[Ask],
        texts: Sequence[str],
        reply: Reply,
        spent: Spent,
        *,
        tier: ServiceTier,
        on: date,
        names_cache: bool = False,
    ) -> tuple[Spent, ...]:
        """What each question of a request used; the parts add up to `spent`."""
        weights = self._unequal(asks)
        price = None
        if spent.cost:
            model = asks[0].route.model
            price = self._price_of(model, reply, tier, on, names_cache=names_cache)
        if is_joint(asks):
            alike = weights or [1] * len(by_image(asks))
            return joint_shares(asks, spent, alike, texts=texts, reply=reply.text, price=price)
        if not (weights and price):
            return spent.shares(len(asks))
        # Nobody says which tokens were cached; taken as if all were, no picture costs too much.
        cached = spent.usage.cached_tokens > 0
        per_token = price.cached_input_usd_per_mtok if cached else price.input_usd_per_mtok
        own = [
            Spent(Usage(input_tokens=tokens, image_tokens=tokens), _floor(tokens * per_token))
            for tokens in in_proportion(spent.usage.image_tokens, weights)
        ]
        rest = (spent - sum(own, Spent())).shares(len(asks))
        return tuple(one + other for one, other in zip(rest, own, strict=True))

    def worst_case(self, asks: Sequence[Ask], on: date, *, echoed: bool = False) -> int:
        """The most that a request can cost, in nano-dollars: its input, and output to its limit.

        Google may serve another tier than was asked for, and then bills the standard price, or let
        another model answer, and then bills that model's. Of what is drawn, it is one picture of
        the size that was asked for: nobody publishes a bound. Pictures that are sent need not be
        there yet, except for models that bill pixels. With `echoed`, it may have to repeat a word.
        """
        route = asks[0].route
        usage = _ECHO if echoed else Usage()
        usage += Usage(
            input_tokens=most_text_tokens(asks) + self._most_picture_tokens(asks),
            output_tokens=output_limit(asks),
            drawn_tokens=drawn_tokens(asks),
        )
        return max(
            cost_nano_usd(usage, price) for price in self._prices(route, on, usage.input_tokens)
        )

    def at_most(self, asks: Sequence[Ask], on: date, *, echoed: bool = False) -> int:
        """The worst case, and nothing on a day without a price, on which nothing is sent."""
        try:
            return self.worst_case(asks, on, echoed=echoed)
        except PriceError:
            return 0

    def enqueued_tokens(self, asks: Sequence[Ask], texts: Sequence[str]) -> int:
        """About the input tokens of a request, which limits of enqueued tokens count."""
        return self._most_picture_tokens(asks) + sum(map(text_tokens, texts))

    def check_priced(self, route: Route, on: date) -> None:
        """Raises PriceError where nobody knows what a request by this route costs on a day."""
        list(self._prices(route, on, 0))

    def cache_terms(self, model: str, tier: ServiceTier, on: date) -> CacheTerms | None:
        """What a cache of a model costs, and saves at a tier; None where there is no price."""
        try:
            standard = self._price(model, ServiceTier.STANDARD, on, 0)
            return cache_terms(standard, self._price(model, tier, on, 0))
        except PriceError:
            return None

    def tokens_in_pack(self, questions: Sequence[Ask]) -> int:
        """About what the questions about an image add to the input of a request that it shares."""
        first = questions[0]
        picture = self._image_tokens(first, first.route.media_resolution, *_sent(first))
        own = sum(text_tokens(ask.prompt.own) for ask in questions)
        return -(-picture // first.route.images_per_sheet) + own

    def baselines(
        self, asks: Sequence[Ask], texts: Sequence[str], shares: Sequence[Spent], on: date
    ) -> list[int]:
        """The same asked the naive way (`tierwise.accounts.naive_way`), for one name of each image.

        First questions (`Task.first_questions`) pay the picture in equal parts; of two about a tree
        the first one does. The words of a question are what this request was billed for its words,
        scaled by our estimates for the question alone and for the request; its reply is its share
        of this one.
        """
        usage = sum((share.usage for share in shares), Usage())
        estimated = sum(map(text_tokens, texts)) or 1
        billed_text = usage.input_tokens - usage.image_tokens
        price = self._price(asks[0].route.model, ServiceTier.STANDARD, on, 0)
        costs, vertex = [], self.service.vertex
        for place, (ask, share) in enumerate(zip(asks, shares, strict=True)):
            alone = request_texts([ask.prompt], ask.task.answer.instruction()).opening
            text = billed_text * text_tokens(alone) // estimated
            if ask.task.per:  # one form for all its images
                text = split(text, len(asks))[place]
            picture = 0
            if not ask.task.cut_by:
                picture = self._image_tokens(ask, MediaResolution.HIGH, *_original(ask))
            firsts = ask.task.first_questions or (ask.task.written_as,)
            shared = split(cost_nano_usd(Usage(picture), price), len(firsts))
            shown = example_tokens(
                ask.task.examples_shown, ask.route.model, MediaResolution.HIGH, vertex=vertex
            )
            own = replace(share.usage, input_tokens=text + shown, image_tokens=0, cached_tokens=0)
            costs.append(shared[firsts.index(ask.task.written_as)] + cost_nano_usd(own, price))
        return costs

    def baseline_unasked(self, ask: Ask, on: date) -> int:
        """The naive way's cost of a question that was answered without a request, about.

        Its words are counted by our estimate and the answer as its type's usual one. Thoughts are
        left out, for nobody knows how many there would have been. 0 on a day without a price.
        """
        try:
            price = self._price(ask.route.model, ServiceTier.STANDARD, on, 0)
        except PriceError:
            return 0
        vertex, task = self.service.vertex, ask.task
        size = _original(ask) if all(_original(ask)) else _UNKNOWN_SIZE
        looks = task.reads == "image"
        picture = looks and image_tokens(
            ask.route.model, MediaResolution.HIGH, *size, vertex=vertex
        )
        firsts = task.first_questions or (task.written_as,)
        shared = split(cost_nano_usd(Usage(picture), price), len(firsts))
        alone = request_texts([ask.prompt], task.answer.instruction()).opening
        shown = example_tokens(
            task.examples_shown, ask.route.model, MediaResolution.HIGH, vertex=vertex
        )
        own = Usage(text_tokens(alone) + shown, 0, 0, task.answer.answer_tokens())
        return shared[firsts.index(task.written_as)] + cost_nano_usd(own, price)

    def _unequal(self, asks: Sequence[Ask]) -> list[int]:
        """By the documented rule the tokens of each picture, where they differ in media resolution.

        Nothing where they do not: what was billed is then shared equally.
        """
        images = [questions[0] for questions in by_image(asks)]
        if len({ask.route.media_resolution for ask in images}) < 2:
            return []
        return [self._image_tokens(ask, ask.route.media_resolution, *_sent(ask)) for ask in images]

    def _most_picture_tokens(self, asks: Sequence[Ask]) -> int:
        """Of all pictures of a request, examples among them."""
        route = asks[0].route
        shown = most_example_tokens(
            examples_in(asks), route.model, route.media_resolution, vertex=self.service.vertex
        )
        return shown + sum(map(self._most_image_tokens, by_picture(asks)))

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

    def _price_of(
        self, model: str, reply: Reply, tier: ServiceTier, on: date, *, names_cache: bool
    ) -> Price:
        """The price of a request that was answered, by whichever model that was."""
        model, tokens = answering_model(model, reply.model_version), reply.usage.input_tokens
        price = self._price(model, tier, on, tokens)
        if names_cache:
            return naming_a_cache(self._price(model, ServiceTier.STANDARD, on, tokens), price)
        return price

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


def _floor(tokens_times_usd_per_mtok: Decimal) -> int:
    """Whole nano-dollars, rounded down, so that parts never come to more than the whole."""
    return int(tokens_times_usd_per_mtok * 1000)


def _sent(ask: Ask) -> tuple[int, int]:
    return (ask.picture.width, ask.picture.height) if ask.picture else (0, 0)


def _original(ask: Ask) -> tuple[int, int]:
    """The naive way sends the original; older models on Vertex count its pixels."""
    return ask.page.width, ask.page.height
