"""Where and when is asked: what decides tokens and prices beside the route."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tierwise.models import find_model, forwarded
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import find_price
from tierwise.records import MediaResolution, Route, ServiceTier
from tierwise.tiers import image_tokens, most_image_tokens

# Steps of the price by the length of a prompt are looked at in thousands of tokens, rounded up.
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Rates:
    """A day, and the rules of a service on it.

    `vertex` and `regional` are Vertex AI's rules; `prices` were negotiated. `check_packs` is the
    share of packs whose items repeat a word; with `by_name`, each answer of a reply to several
    questions has its task's name.
    """

    on: date
    vertex: bool = False
    regional: bool = False
    prices: tuple[Price, ...] = ()
    check_packs: float = 0.0
    by_name: bool = False

    def price(self, model: str, tier: ServiceTier, context_tokens: int = 0) -> Price:
        """The price of a request; raises PriceError where none is known."""
        return _price(self, model, tier, -(-context_tokens // _STEP) * _STEP)

    def picture(self, route: Route, width: int, height: int) -> int:
        """Input tokens of a picture by the model's rule."""
        resolution = route.media_resolution
        return image_tokens(route.model, resolution, width, height, vertex=self.vertex)

    def picture_at_most(self, route: Route, width: int, height: int) -> int:
        """The documented maximum of that."""
        resolution = route.media_resolution
        return most_image_tokens(route.model, resolution, width, height, vertex=self.vertex)

    def naive_picture(self, route: Route, width: int, height: int) -> int:
        """Input tokens of a picture at flat `high`."""
        return image_tokens(route.model, MediaResolution.HIGH, width, height, vertex=self.vertex)


@lru_cache(maxsize=512)
def _price(rates: Rates, model: str, tier: ServiceTier, context_tokens: int) -> Price:
    return find_price(
        forwarded(find_model(model, vertex=rates.vertex), rates.on).name,
        tier,
        rates.on,
        vertex=rates.vertex,
        regional=rates.regional,
        context_tokens=context_tokens,
        prices=rates.prices,
    )
