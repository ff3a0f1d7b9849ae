"""Objects in a bucket that a request names (`fileData`): read as the service would read them.

Status codes are those of the page "Gemini API errors" of Vertex AI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.emulator.object_store import ObjectStore, StoreError, open_store, split_uri
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.references import MOST_REFERENCED_BYTES


async def read_objects(body: Mapping[str, Any], call: Call) -> dict[str, bytes]:
    """The objects that a decoded request names, by URI.

    Raises:
      Refusal: 400 for an address that this API does not take, 403 or 404 for one that it cannot
        read, and 400 for a file that is too large.
    """
    uris = list(dict.fromkeys(_uris(body)))
    for uri in uris:
        if not call.vertex or not all(split_uri(uri)):
            raise Refusal(400, f"Invalid or unsupported file uri: {uri}")
    if not uris:
        return {}
    async with open_store() as store:
        found = await asyncio.gather(*(_read(store, uri) for uri in uris))
    return dict(zip(uris, found, strict=True))


def _uris(body: Mapping[str, Any]) -> Iterator[str]:
    for content in [*(body.get("contents") or ()), body.get("system_instruction") or {}]:
        for part in content.get("parts") or ():
            if "file_data" in part:
                yield (part["file_data"] or {}).get("file_uri") or ""


async def _read(store: ObjectStore, uri: str) -> bytes:
    try:
        data = await store.read(uri)
    except StoreError as error:
        raise _refusal(error.status, uri) from error
    if len(data) > MOST_REFERENCED_BYTES:
        raise Refusal(
            400, f"{uri} has {len(data)} bytes; the limit is {MOST_REFERENCED_BYTES} per image."
        )
    return data


def _refusal(status: int, uri: str) -> Refusal:
    if status == 500:
        return Refusal(500, f"Internal error encountered while reading {uri}.")
    if status == 404:
        return Refusal(404, f"A valid object was not found at the specified URL: {uri}")
    return Refusal(
        403,
        "The Vertex AI service agent does not have storage.objects.get access to the Google Cloud "
        f"Storage object {uri}.",
    )
