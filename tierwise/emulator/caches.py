"""Caches of the beginning of prompts, as both services keep them: made, renewed, expired, billed.

Writing is billed when a cache is made, and storage until it is to expire then; renewing bills the
rest up to the new time. Deleting gives nothing back.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.request import resolution_of
from tierwise.emulator.sight import upright_size
from tierwise.models import Model
from tierwise.prices.cache_terms import CacheTerms
from tierwise.tiers import image_tokens, text_tokens

_TTL = re.compile(r"(\d+(?:\.\d{1,9})?)s")
_DEFAULT_TTL = timedelta(hours=1)
_MODEL = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?models/(?P<name>[^/]+)"
)


@dataclass(slots=True)
class CachedContent:
    """One cache; `contents` stand before those of a request. Deleted ones are kept for the bill."""

    name: str
    vertex: bool
    model: str
    contents: list[Any]
    instruction: Any
    display_name: str
    tokens: int
    terms: CacheTerms
    created: datetime
    expires: datetime
    deleted: bool = False
    expired_early: bool = False

    @property
    def cost(self) -> int:
        """Nano-dollars of writing and storing it."""
        return self.terms.cost(self.tokens, self.expires - self.created)

    def document(self) -> dict[str, Any]:
        """The resource as the service shows it."""
        return {
            "name": self.name,
            "model": self.model,
            "displayName": self.display_name,
            "createTime": _timestamp(self.created),
            "updateTime": _timestamp(self.created),
            "expireTime": _timestamp(self.expires),
            "usageMetadata": {"totalTokenCount": self.tokens},
        }


class Caches:
    """All caches of one emulated service. `now` knows its time zone, `bill` is told each charge."""

    def __init__(self, now: Callable[[], datetime], bill: Callable[[str, int], None]) -> None:
        self._now = now
        self._bill = bill
        self._all: dict[str, CachedContent] = {}

    def create(
        self, body: Mapping[str, Any], call: Call, model: Model, terms: CacheTerms, parent: str
    ) -> CachedContent:
        """Make a cache of a decoded `CachedContent`; `parent` stands before its name.

        Raises:
          Refusal: 400, there are fewer tokens than the model remembers, or what it cannot.
        """
        least = model.explicit_cache_tokens or 0
        contents, instruction = body.get("contents") or [], body.get("system_instruction")
        tokens = _tokens(instruction, contents, model, vertex=call.vertex)
        if tokens < least:
            raise Refusal(
                400,
                f"Cached content is too small. total_token_count={tokens}, "
                f"min_total_token_count={least}",
            )
        created = self._now()
        cache = CachedContent(
            name=f"{parent}cachedContents/{uuid.uuid4().hex[:24]}",
            vertex=call.vertex,
            model=body["model"],
            contents=list(contents),
            instruction=instruction,
            display_name=body.get("display_name") or "",
            tokens=tokens,
            terms=terms,
            created=created,
            expires=_expiry(body, created),
        )
        self._all[cache.name] = cache
        self._bill(call.model, cache.cost)
        return cache

    def renew(self, name: str, body: Mapping[str, Any], call: Call) -> CachedContent:
        """Set when a cache is to expire.

        Raises:
          Refusal: it is not there any more.
        """
        cache = self.find(name, call)
        before = cache.cost
        cache.expires = max(_expiry(body, self._now()), cache.created)
        self._bill(model_of(cache.model), cache.cost - before)
        return cache

    def delete(self, name: str, call: Call) -> None:
        """Forget a cache.

        Raises:
          Refusal: it is not there any more.
        """
        self.find(name, call).deleted = True

    def lose(self, name: str, how: str) -> None:
        """Let a cache vanish, as a fault has it; it keeps the bill that it has."""
        if cache := self._all.get(name):
            cache.deleted, cache.expired_early = how == "deleted", how == "expired"

    def find(self, name: str, call: Call) -> CachedContent:
        """The cache that a request or a call names.

        Raises:
          Refusal: 403 on the Developer API, 404 or (expired) 400 on Vertex AI.
        """
        cache = self._all.get(name)
        gone = cache is None or cache.deleted or cache.vertex is not call.vertex
        expired = cache is not None and (cache.expired_early or cache.expires <= self._now())
        if cache is None or gone or expired:
            if not call.vertex:
                raise Refusal(403, "CachedContent not found (or permission denied)")
            number = name.rpartition("/")[2]
            if expired and not gone:
                raise Refusal(400, f"Cache content {number} is expired.")
            raise Refusal(404, f"Not found: cached content metadata for {number}.")
        return cache

    def living(self, parent: str) -> list[CachedContent]:
        """Those below a parent that are there now, oldest first."""
        return [
            cache
            for cache in self._all.values()
            if cache.name.startswith(f"{parent}cachedContents/")
            and not (cache.deleted or cache.expired_early)
            and cache.expires > self._now()
        ]

    def document(self) -> list[dict[str, Any]]:
        """Every cache that was ever made, with what it was billed."""
        return [
            {
                **cache.document(),
                "nano_usd": cache.cost,
                "deleted": cache.deleted,
                "expired": cache.expires <= self._now(),
            }
            for cache in self._all.values()
        ]

    def clear(self) -> None:
        """Forget all."""
        self._all.clear()


def with_cache(body: Mapping[str, Any], cache: CachedContent, call: Call) -> dict[str, Any]:
    """A decoded request with the contents of the cache that it names before its own.

    Raises:
      Refusal: 400, it says itself what only the cache may say, or is for another model.
    """
    if any(body.get(name) for name in ("system_instruction", "tools", "tool_config")):
        raise Refusal(
            400,
            "Tool config, tools and system instruction should not be set in the request when "
            "using cached content."
            if call.vertex
            else "CachedContent can not be used with GenerateContent request setting "
            "system_instruction, tools or tool_config.\n\nProposed fix: move those values to "
            "CachedContent from GenerateContent request.",
        )
    if model_of(cache.model) != call.model:
        raise Refusal(
            400,
            f"Model used by GenerateContent request (models/{call.model}) and CachedContent "
            f"({cache.model}) has to be the same.",
        )
    whole = {**body, "contents": [*cache.contents, *(body.get("contents") or [])]}
    if cache.instruction:
        whole["system_instruction"] = cache.instruction
    return whole


def model_of(named: str) -> str:
    """The model that a resource name means.

    Raises:
      Refusal: 400, it is none.

    >>> model_of("projects/p/locations/global/publishers/google/models/gemini-3.1-flash-lite")
    'gemini-3.1-flash-lite'
    """
    found = _MODEL.fullmatch(named)
    if not found:
        raise Refusal(400, f"* CreateCachedContentRequest.model: unexpected model name: {named}")
    return found["name"]


def _tokens(instruction: Any, contents: list[Any], model: Model, *, vertex: bool) -> int:
    """What is remembered: a picture at its own media resolution, or the model's default."""
    whole = [instruction, *contents] if instruction else contents
    parts = [part for content in whole for part in content.get("parts") or []]
    pictures = [part for part in parts if "text" not in part]
    if any("inline_data" not in part for part in pictures):
        raise Refusal(501, "The emulator keeps texts and inline pictures alone in caches.")
    if any("media_resolution" in part for part in pictures) and not model.per_part_media_resolution:
        raise Refusal(400, f"Media resolution per part is not supported for {model.name}.")
    tokens = text_tokens("\n".join(part["text"] for part in parts if "text" in part))
    for part in pictures:
        level = resolution_of((part.get("media_resolution") or {}).get("level"), model)
        size = upright_size(part["inline_data"].get("data") or b"")
        tokens += image_tokens(model.name, level, *size, vertex=vertex)
    return tokens


def _expiry(body: Mapping[str, Any], now: datetime) -> datetime:
    if when := body.get("expire_time"):
        try:
            moment = datetime.fromisoformat(when)
        except ValueError:
            raise Refusal(400, f"Invalid value at 'expire_time': {when}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if "ttl" not in body:
        return now + _DEFAULT_TTL
    found = _TTL.fullmatch(body["ttl"])
    try:
        seconds = Decimal(found[1]) if found else Decimal(0)
    except InvalidOperation:
        seconds = Decimal(0)
    if seconds <= 0:
        raise Refusal(
            400, f"Invalid value at 'ttl' (type.googleapis.com/..Duration): {body['ttl']}"
        )
    return now + timedelta(microseconds=int(seconds * 1_000_000))


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
