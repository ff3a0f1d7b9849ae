"""Price rows: reading and checking a price file, ours or the user's.

A file is a list of `[[prices]]`, each the prices of one model in one period:

    [[prices]]
    model = "gemini-3.1-flash-lite"
    from = 2026-05-07                   # first day
    until = 2027-05-07                  # first day after; left out where no end is known
    service = "vertex"                  # or developer; left out: both, where none has its own row
    context_above_tokens = 200000       # left out: holds for requests of any size
    regional_multiplier = "1.1"         # left out: regional endpoints cost the same
    cache_storage_usd_per_mtok_hour = "1.00"    # of caches; left out: not known, so none are made
    source = "https://..."
    checked = 2026-11-20
    standard = { input_usd_per_mtok = "0.25", output_usd_per_mtok = "1.50" }
    batch = { ... }                     # and flex, priority; left out: not known, so not for sale

Models and tiers are those that `models.toml` knows. A price is a decimal string in USD per million
tokens: `input_usd_per_mtok`, `output_usd_per_mtok` (text and thoughts), `cached_input_usd_per_mtok`
(left out: like other input) and `image_output_usd_per_mtok` (left out: draws no pictures).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tierwise.answerer import ServiceKind
from tierwise.errors import ModelError, PriceError
from tierwise.models import find_model
from tierwise.records import ServiceTier

_STORAGE = "cache_storage_usd_per_mtok_hour"
_ROW_KEYS = {"model", "from", "source", "checked"}
_OPTIONAL_ROW_KEYS = {
    *("until", "service", "context_above_tokens", "regional_multiplier"),
    _STORAGE,
    *ServiceTier,
}
_TIER_KEYS = {"input_usd_per_mtok", "output_usd_per_mtok"}
_OPTIONAL_TIER_KEYS = {"cached_input_usd_per_mtok", "image_output_usd_per_mtok"}
_DECIMAL = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs at one service tier, in USD per million tokens.

    Holds from `valid_from` until the day before `valid_until` (None: no end known), for requests of
    more than `context_above_tokens` prompt tokens. Thoughts cost what text output costs. `service`
    is who bills it, None for any that has no price of its own. `cache_storage_usd_per_mtok_hour` is
    what a cache costs for a million tokens and an hour, None where that is not known.
    """

    model: str
    service_tier: ServiceTier
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cached_input_usd_per_mtok: Decimal
    image_output_usd_per_mtok: Decimal | None
    regional_multiplier: Decimal
    context_above_tokens: int
    valid_from: date
    valid_until: date | None
    source: str
    checked: date
    service: ServiceKind | None = None
    cache_storage_usd_per_mtok_hour: Decimal | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the price is valid on that day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


def load_prices(text: str, path: str) -> tuple[Price, ...]:
    """The prices of a TOML file; `path` is for messages.

    Raises PriceError naming file, row, key, value and remedy when something is missing, unknown, a
    number instead of a decimal string, a tier that the model does not offer, or when the periods of
    two rows overlap.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PriceError(f"{path}: not valid TOML: {error}. docs/costs.md shows a file.") from error
    rows = document.get("prices")
    if not isinstance(rows, list) or set(document) != {"prices"}:
        raise PriceError(f"{path}: must hold [[prices]] rows and nothing else.")
    numbered = [
        (price, number)
        for number, row in enumerate(rows, start=1)
        for price in _prices_of(_Row(path, number, row))
    ]
    _refuse_overlaps(numbered, path)
    return tuple(price for price, _ in numbered)


class _Row:
    """One `[[prices]]` row, read key by key; every complaint says where it stands."""

    def __init__(self, path: str, number: int, values: Any) -> None:
        self.values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        model = self.values.get("model", "no model")
        self.where = f"{path}: row {number} ({model})"

    def error(self, problem: str) -> PriceError:
        return PriceError(f"{self.where}: {problem}")

    def require_keys(
        self, values: Any, required: set[str], optional: set[str], where: str = ""
    ) -> None:
        if not isinstance(values, dict):
            raise self.error(f"{where or 'row'} must be a table, got {values!r}.")
        keys = set(values)
        prefix = f"{where}." if where else ""
        for key in sorted(required - keys):
            raise self.error(f"{prefix}{key} is missing.")
        for key in sorted(keys - required - optional):
            known = ", ".join(sorted(required | optional))
            raise self.error(f"{prefix}{key} is not a known key. Known are: {known}.")

    def text(self, key: str) -> str:
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self.error(f"{key} must be a text in quotes, got {value!r}.")
        return value

    def tiers(self) -> list[ServiceTier]:
        """The tiers that have a price; the model must be known and offer them."""
        try:
            vertex = self.service() is ServiceKind.VERTEX
            offered = find_model(self.text("model"), vertex=vertex).service_tiers
        except ModelError as error:
            raise self.error(str(error)) from error
        priced = [tier for tier in ServiceTier if tier in self.values]
        for tier in priced:
            if tier not in offered:
                there = ", ".join(offered)
                raise self.error(f"{tier}: the model has no such service tier. It has: {there}.")
        return priced

    def service(self) -> ServiceKind | None:
        if "service" not in self.values:
            return None
        name = self.text("service")
        if name not in (ServiceKind.DEVELOPER, ServiceKind.VERTEX):
            raise self.error(f"service must be developer or vertex, got {name!r}.")
        return ServiceKind(name)

    def day(self, key: str) -> date:
        value = self.values[key]
        if type(value) is not date:  # a datetime is a date too, and would not compare
            raise self.error(
                f"{key} must be a date such as 2027-01-01 without quotes, got {value!r}."
            )
        return value

    def tokens(self, key: str) -> int:
        value = self.values[key]
        if type(value) is not int or value < 0:
            raise self.error(f"{key} must be a whole number of tokens, got {value!r}.")
        return value

    def decimal(self, value: Any, key: str) -> Decimal:
        wanted = f'{key} must be a decimal number in quotes such as "0.25", got {value!r}'
        if not isinstance(value, str):
            raise self.error(f"{wanted}: numbers without quotes lose their last digits.")
        if not _DECIMAL.fullmatch(value):
            raise self.error(f"{wanted}: write digits and a point alone, no sign.")
        return Decimal(value)


def _prices_of(row: _Row) -> Iterator[Price]:
    row.require_keys(row.values, _ROW_KEYS, _OPTIONAL_ROW_KEYS)
    tiers = row.tiers()
    if not tiers:
        raise row.error(f"no service tier. Write at least one of: {', '.join(ServiceTier)}.")
    starts = row.day("from")
    ends = row.day("until") if "until" in row.values else None
    if ends is not None and ends <= starts:
        raise row.error(
            f"until = {ends} must be after from = {starts}: it is the first day without."
        )
    for tier in tiers:
        row.require_keys(row.values[tier], _TIER_KEYS, _OPTIONAL_TIER_KEYS, where=tier)
        yield _price(row, tier, starts, ends)


def _price(row: _Row, tier: ServiceTier, starts: date, ends: date | None) -> Price:
    usd = {key: row.decimal(value, f"{tier}.{key}") for key, value in row.values[tier].items()}
    values = row.values
    return Price(
        model=row.text("model"),
        service_tier=tier,
        input_usd_per_mtok=usd["input_usd_per_mtok"],
        output_usd_per_mtok=usd["output_usd_per_mtok"],
        cached_input_usd_per_mtok=usd.get("cached_input_usd_per_mtok", usd["input_usd_per_mtok"]),
        image_output_usd_per_mtok=usd.get("image_output_usd_per_mtok"),
        regional_multiplier=row.decimal(
            values.get("regional_multiplier", "1"), "regional_multiplier"
        ),
        context_above_tokens=row.tokens("context_above_tokens")
        if "context_above_tokens" in values
        else 0,
        valid_from=starts,
        valid_until=ends,
        source=row.text("source"),
        checked=row.day("checked"),
        service=row.service(),
        cache_storage_usd_per_mtok_hour=row.decimal(values[_STORAGE], _STORAGE)
        if _STORAGE in values
        else None,
    )


def _refuse_overlaps(numbered: Sequence[tuple[Price, int]], path: str) -> None:
    def period(one: tuple[Price, int]) -> tuple[str, str, ServiceTier, int, date]:
        price = one[0]
        where = (price.model, price.service or "", price.service_tier)
        return *where, price.context_above_tokens, price.valid_from

    for one, other in pairwise(sorted(numbered, key=period)):
        (earlier, first), (later, second) = one, other
        if period(one)[:-1] == period(other)[:-1] and earlier.holds_on(later.valid_from):
            raise PriceError(
                f"{path}: rows {min(first, second)} and {max(first, second)}: two prices of "
                f"{later.model} at {later.service_tier} hold on "
                f"{later.valid_from}: one from {earlier.valid_from} until "
                f"{earlier.valid_until or 'no end'}, one from {later.valid_from}. "
                "End the earlier row with `until`."
            )
