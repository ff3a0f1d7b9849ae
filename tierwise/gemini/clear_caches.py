"""Deletes the caches that runs of an output have left, and none of anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tierwise.errors import InputError
from tierwise.gemini.billing import Billing
from tierwise.gemini.call_error import CallError
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.service import Service
from tierwise.journal.cache_records import CacheFiles, CacheRecord
from tierwise.prices.price_day import price_day


def clear_caches(service: Service, journal: str, left: Mapping[str, Sequence[CacheRecord]]) -> int:
    """Delete what `left_caches` found; gives how many have been.

    An order of which nobody knows what came is looked for by its name: so its money is known. Where
    the service cannot be reached they expire by themselves.
    """
    try:
        return asyncio.run(_clear(service, journal, left))
    except (CallError, InputError):
        return 0


async def _clear(service: Service, journal: str, left: Mapping[str, Sequence[CacheRecord]]) -> int:
    client, deleted = GeminiClient(service), 0
    try:
        undecided = any(one.undecided for records in left.values() for one in records)
        named = {one.display_name: one for one in await client.caches.living()} if undecided else {}
        for run, records in left.items():
            files = CacheFiles(journal, run)
            for record in records:
                life = record.life
                seen = named.get(record.order.display_name)
                if life is None and seen:
                    terms = Billing(service).cache_terms(
                        record.order.model, record.order.service_tier, price_day(seen.created)
                    )
                    life = seen.life(terms)
                    files.made(record.order.key, life)
                if life:
                    with suppress(CallError):  # it expires by itself; others wait for their turn
                        await client.caches.delete(life.name)
                        files.gone(record.order.key, "deleted")
                        deleted += 1
    finally:
        await client.close()
    return deleted
