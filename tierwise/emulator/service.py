"""The emulated service: a call in, a reply and a line of the bill out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson

from tierwise.drawing_models import sizes_in_vertex_batch
from tierwise.emulator.bill import Bill
from tierwise.emulator.caches import Caches, model_of, with_cache
from tierwise.emulator.decoding import decode_image
from tierwise.emulator.drawing import drawn_outcome
from tierwise.emulator.eyes import Eyes
from tierwise.emulator.fault_plan import Fate, FaultPlan
from tierwise.emulator.fault_reach import can_strike
from tierwise.emulator.fault_refusals import refusal_of
from tierwise.emulator.faults import Fault, Faults
from tierwise.emulator.implicit_cache import ImplicitCache
from tierwise.emulator.known import KnownPictures
from tierwise.emulator.named_objects import read_objects
from tierwise.emulator.outcomes import outcome, prompt_usage
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.replies import generated, usage_counted
from tierwise.emulator.request import GeminiRequest, read_asked
from tierwise.emulator.request_log import asked_line, empty_line, written_line
from tierwise.emulator.seeing import LookAt
from tierwise.emulator.spoilt import spoil
from tierwise.errors import ModelError, PriceError
from tierwise.models import Model, check_alive, find_model, forwarded
from tierwise.prices.cache_terms import cache_terms, naming_a_cache
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import ServiceTier, Usage

_MAX_BODY = {False: 100_000_000, True: 500_000_000}
_MAX_FLEX_BODY = 20_000_000
_TIER_HEADER = "X-Vertex-AI-LLM-Shared-Request-Type"
_TIERS = {"flex": ServiceTier.FLEX, "priority": ServiceTier.PRIORITY}
_SPENT_KEPT = 100_000
# Faults by which a reply does not arrive whole.
_LOST = frozenset({"hang", "drop", "cut_body"})


@dataclass(frozen=True, slots=True)
class EmulatedReply:
    """What goes back.

    `fate` is `send`, `hang` (never), `drop` (the connection is closed) or `cut_body` (it is closed
    half-way). `padding` megabytes of blanks stand before the last byte.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    fate: str = "send"
    delay_ms: float = 0.0
    content_type: str = "application/json"
    padding: int = 0


class EmulatedService:
    """One emulated service with its bill, its request log and its faults.

    `look_at` looks at pictures as the known ones were looked at. `today` decides prices and which
    models are still there; `now` gives seconds for quotas.
    `prices` are negotiated ones. `interference` is what `outcome` takes it for. `clock` tells the
    time, by which caches expire.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        known: KnownPictures | None,
        look_at: LookAt,
        today: Callable[[], date],
        now: Callable[[], float],
        prices: tuple[Price, ...] = (),
        interference: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.bill = Bill()
        self.log: list[bytes] = []
        self.caches = Caches(clock, self._bill_cache)
        self._implicit = ImplicitCache()
        self._known = known
        self._interference = interference
        self._today = today
        self._now = now
        self._prices = prices
        self._eyes = Eyes(look_at)
        self._number = 0
        self._spent: deque[tuple[float, int]] = deque(maxlen=_SPENT_KEPT)
        self.set_faults(faults)

    def set_faults(self, faults: Faults) -> None:
        """Put other faults in place; counting starts anew."""
        self._plan = FaultPlan(faults, self._now)

    @property
    def plan(self) -> FaultPlan:
        """The faults in place."""
        return self._plan

    def swallows(self, call: Call) -> bool:
        """Whether this request disappears unread: nothing is answered, billed or looked at."""
        swallowed = self._plan.swallows(call.model)
        if swallowed:
            self._write({**empty_line(call), "fault": "black_hole"}, 0, Usage(), 0)
        return swallowed

    def reset(self) -> None:
        """An empty bill, an empty log, no faults."""
        self.bill = Bill()
        self.log = []
        self.caches.clear()
        self._implicit = ImplicitCache()
        self._spent.clear()
        self.set_faults(Faults())

    async def generate(self, call: Call, body: bytes, headers: Mapping[str, str]) -> EmulatedReply:
        """Answer `generateContent`, bill it and log it; `body` and caller are not checked yet."""
        return await self._served(empty_line(call), self._read(call, body, headers))

    async def answer_row(self, call: Call, request: Any, job: str) -> EmulatedReply:
        """Answer one request of a batch job as `generate` would, at the batch price."""
        return await self._served(empty_line(call) | {"batch": job}, self.read_row(call, request))

    async def read_row(self, call: Call, request: Any) -> GeminiRequest:
        """What a request of a batch job asks.

        Raises:
          Refusal: the service does not take it.
        """
        decoded = decode_image("GenerateContentRequest", request, call)
        asked = await self._asked(call, self.offered(call), decoded, ServiceTier.BATCH)
        if (size := asked.settings.drawn_size) and call.vertex:
            offered = sizes_in_vertex_batch(asked.model.name)
            if size not in offered:
                raise Refusal(400, f"Batch prediction draws {', '.join(offered)}, not {size}.")
        return asked

    async def _served(
        self, line: dict[str, Any], read: Coroutine[None, None, GeminiRequest]
    ) -> EmulatedReply:
        self._number += 1
        fate = Fate()
        try:
            asked = await read
            line |= asked_line(asked)
            fate = self._fate(asked)
            line["fault"] = fate.fault.kind if fate.fault else None
            reply, usage, cost = await self._answer(asked, fate)
        except Refusal as refusal:
            reply, usage, cost = refused(refusal, fate.delay_ms), Usage(), 0
        self._write(line, reply.status, usage, cost)
        return reply

    async def count(self, call: Call, body: bytes, headers: Mapping[str, str]) -> EmulatedReply:
        """Answer `countTokens`, which costs nothing."""
        try:
            model = self.offered(call)
            decoded = decode_image("CountTokensRequest", _parsed(body, call, headers), call)
            decoded = decoded.get("generate_content_request") or decoded
            asked = await self._asked(call, model, decoded, ServiceTier.STANDARD)
            usage = prompt_usage(asked, await self._eyes.viewed(asked))
        except Refusal as refusal:
            return refused(refusal)
        return EmulatedReply(200, orjson.dumps(usage_counted(asked, usage)))

    async def _read(self, call: Call, body: bytes, headers: Mapping[str, str]) -> GeminiRequest:
        model = self.offered(call)
        decoded = decode_image("GenerateContentRequest", _parsed(body, call, headers), call)
        return await self._asked(call, model, decoded, _service_tier(call, decoded, headers))

    async def _asked(
        self, call: Call, model: Model, body: Mapping[str, Any], tier: ServiceTier
    ) -> GeminiRequest:
        """What a decoded request asks, with what the cache that it names holds."""
        cached_tokens = 0
        if name := body.get("cached_content"):
            if call.vertex and tier is ServiceTier.BATCH:
                raise Refusal(400, "Context caching is not supported for batch prediction.")
            cache = self.caches.find(name, call)
            body, cached_tokens = with_cache(body, cache, call), cache.tokens
        objects = await read_objects(body, call)
        return read_asked(call, model, body, tier, objects, cached_tokens=cached_tokens)

    def create_cache(self, body: Mapping[str, Any], call: Call, parent: str) -> dict[str, Any]:
        """Make a cache of a decoded `CachedContent`, and bill it; gives the resource.

        Raises:
          Refusal: the service does not take it.
        """
        called = replace(call, model=model_of(body.get("model") or ""))
        model = self.offered(called)
        if model.explicit_cache_tokens is None:
            raise Refusal(400, f"Model {body['model']} does not support cached content.")
        price = self._price(called, model.name, ServiceTier.STANDARD, 0)
        terms = cache_terms(price, price)
        if terms is None:
            raise Refusal(400, f"The emulator knows no price of storage for {model.name}.")
        return self.caches.create(body, called, model, terms, parent).document()

    def _bill_cache(self, model: str, nano_usd: int) -> None:
        self.bill.add_cache(model, nano_usd)

    def offered(self, call: Call) -> Model:
        """The model that answers a call.

        Raises:
          Refusal: 404, it is not there on this day.
        """
        try:
            model = find_model(call.model, vertex=call.vertex)
            check_alive(model, self._today())
        except ModelError as error:
            where = f"models/{call.model} is not found for API version {call.version}"
            raise Refusal(404, f"{where}, or is not supported for {call.method}.") from error
        return forwarded(model, self._today())

    def _cost(self, asked: GeminiRequest, usage: Usage) -> int:
        model, tier = asked.model.name, asked.service_tier
        price = self._price(asked.call, model, tier, usage.input_tokens)
        if asked.cache:
            standard = self._price(asked.call, model, ServiceTier.STANDARD, usage.input_tokens)
            price = naming_a_cache(standard, price)
        return cost_nano_usd(usage, price)

    def _price(self, call: Call, model: str, tier: ServiceTier, tokens: int) -> Price:
        try:
            return find_price(
                model,
                tier,
                self._today(),
                vertex=call.vertex,
                regional=call.regional,
                context_tokens=tokens,
                prices=self._prices,
            )
        except PriceError as error:
            raise Refusal(400, f"Service tier {tier} is not offered for {model}.") from error

    def _fate(self, asked: GeminiRequest) -> Fate:
        return self._plan.fate(
            model=asked.model.name,
            sha256={picture.sha256 for picture in asked.pictures},
            strikes=partial(self._can_strike, asked),
        )

    def _can_strike(self, asked: GeminiRequest, fault: Fault) -> bool:
        if fault.kind == "spend_limit" and fault.settings["usd"]:
            since = self._now() - fault.settings["window_s"]
            lately = sum(nano for at, nano in self._spent if at > since)
            return lately >= float(fault.settings["usd"]) * 10**9
        return can_strike(fault, asked)

    async def _answer(self, asked: GeminiRequest, fate: Fate) -> tuple[EmulatedReply, Usage, int]:
        kind = fate.fault.kind if fate.fault else ""
        lost = kind if kind in _LOST else "send"
        if fate.fault and lost != "send" and not fate.fault.settings["billed"]:
            return EmulatedReply(0, b"", {}, lost, fate.delay_ms), Usage(), 0
        if fate.fault and kind == "cache_gone":
            self.caches.lose(asked.cache, fate.fault.settings["how"])
            self.caches.find(asked.cache, asked.call)  # which refuses now
        refusal = refusal_of(fate, asked)
        if refusal:
            raise refusal
        if kind == "implicit_cache":
            asked = replace(asked, cached_tokens=self._implicit.cached_tokens(asked))
        views = await self._eyes.viewed(asked)
        if asked.settings.drawn_size:
            made = await self._eyes.beside(drawn_outcome, asked, views, fate.fault)
        else:
            made = outcome(asked, views, self._known, fate.fault, self._interference)
        cost = self._cost(asked, made.usage)
        images = len(asked.pictures) + len(asked.examples)
        self.bill.add(asked.model.name, images, made.usage, cost)
        self._spent.append((self._now(), cost))
        headers = {} if asked.call.vertex else {"x-gemini-service-tier": asked.service_tier.value}
        document = generated(asked, made, self._number, _version(asked, fate.fault))
        sent = spoil(document, fate.fault)
        reply = EmulatedReply(
            sent.status, sent.body, headers, lost, fate.delay_ms, sent.content_type, sent.padding
        )
        return reply, made.usage, cost

    def _write(self, line: dict[str, Any], status: int, usage: Usage, cost: int) -> None:
        self.log.append(written_line(line, status, usage, cost))


def refused(refusal: Refusal, delay_ms: float = 0.0) -> EmulatedReply:
    """A refusal as a reply."""
    body = orjson.dumps(refusal.body(), option=orjson.OPT_INDENT_2)
    return EmulatedReply(refusal.status, body, refusal.headers, delay_ms=delay_ms)


def _parsed(body: bytes, call: Call, headers: Mapping[str, str]) -> Any:
    limit = _MAX_BODY[call.vertex]
    if call.vertex and headers.get(_TIER_HEADER, "").lower() == "flex":
        limit = _MAX_FLEX_BODY
    if len(body) > limit:
        raise Refusal(400, f"Request payload size exceeds the limit: {limit} bytes.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from error


def _service_tier(call: Call, body: Mapping[str, Any], headers: Mapping[str, str]) -> ServiceTier:
    """The tier that serves a call; a regional Vertex endpoint ignores the header without a word."""
    if not call.vertex:
        return _TIERS.get((body.get("service_tier") or "").lower(), ServiceTier.STANDARD)
    asked = headers.get(_TIER_HEADER, "").lower()
    return ServiceTier.STANDARD if call.regional else _TIERS.get(asked, ServiceTier.STANDARD)


def _version(asked: GeminiRequest, fault: Fault | None) -> str:
    if fault and fault.kind == "other_version":
        return str(fault.settings["version"])
    return asked.model.version
