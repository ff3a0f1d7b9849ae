"""What a cache costs and when it pays. Pure.

A cache holds the beginning of prompts. Whoever makes it pays its tokens once at the price of
standard input, and their storage until the time at which it is to expire, whether or not it is
deleted before (discuss.ai.google.dev/t/81267: billed by the lifetime that was set). Each request
that names it pays its tokens at the price of cached input. Gains and costs grow with the tokens
alike, so how many requests a cache needs does not depend on its size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

from tierwise.prices.price_rows import Price
from tierwise.prices.prices import nano_usd
from tierwise.records import ServiceTier

# A cache is made, and renewed, for so long: a day's storage of an unused one would cost a hundred
# requests, and one that a killed run leaves behind costs a minute or two of it.
LIFETIME = timedelta(minutes=5)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CacheTerms:
    """Prices in USD per million tokens: to write once, to store for an hour, to read.

    `uncached` is what a request pays for the same tokens without a cache.
    """

    write: Decimal
    storage: Decimal
    cached: Decimal
    uncached: Decimal

    def cost(self, tokens: int, life: timedelta) -> int:
        """Nano-dollars of a cache that lives so long, without the requests that name it."""
        return nano_usd(tokens * self.write) + nano_usd(tokens * self.storage * hours_of(life))

    def break_even(self, life: timedelta, *, made: bool = False) -> int | None:
        """How many requests must name a cache within its life, so that it costs no more than none.

        One that is `made` is to be renewed for so long. None where no number is enough.
        """
        saved = self.uncached - self.cached
        if saved <= 0:
            return None
        price = self.storage * hours_of(life) + (0 if made else self.write)
        return max(1, int((price / saved).to_integral_value(ROUND_CEILING)))

    def saved(self, tokens: int, requests: int, life: timedelta) -> int:
        """Nano-dollars that a cache saves so many requests within its life; below 0 it costs."""
        return requests * self.gain(tokens) - self.cost(tokens, life)

    def gain(self, tokens: int) -> int:
        """Nano-dollars that each request saves that names a cache of so many tokens."""
        return nano_usd(tokens * self.uncached) - nano_usd(tokens * self.cached)


def cache_terms(standard: Price, asked: Price) -> CacheTerms | None:
    """The terms for requests at a price, None where nobody knows what storage costs.

    `standard` is the price of the standard tier.
    """
    storage = standard.cache_storage_usd_per_mtok_hour
    if storage is None:
        return None
    cached = naming_a_cache(standard, asked).cached_input_usd_per_mtok
    return CacheTerms(standard.input_usd_per_mtok, storage, cached, asked.input_usd_per_mtok)


def naming_a_cache(standard: Price, asked: Price) -> Price:
    """The price of requests that name a cache, given that of the standard tier and their own.

    Rows of batch jobs pay the standard price of cached input, as Google's guide has it, where price
    tables halve it for some models (ai.google.dev/gemini-api/docs/batch-api, read 2026-11-29).
    """
    if asked.service_tier is not ServiceTier.BATCH:
        return asked
    return replace(asked, cached_input_usd_per_mtok=standard.cached_input_usd_per_mtok)


def hours_of(life: timedelta) -> Decimal:
    """A length of time in hours, exactly.

    >>> hours_of(timedelta(minutes=90))
    Decimal('1.5')
    """
    return Decimal(life // timedelta(microseconds=1)) / Decimal(_HOUR // timedelta(microseconds=1))
