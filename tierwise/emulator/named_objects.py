"""Objects in a bucket that a request names (`fileData`): read as the service would read them.

Only from a local storage emulator, found as Google's own libraries find it, by the environment
variable STORAGE_EMULATOR_HOST. Without one it is as if the service agent had no permission.
Status codes are those of the page "Gemini API errors" of Vertex AI.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal
from tierwise.references import BUCKET_SCHEME, MOST_REFERENCED_BYTES

HOST_VARIABLE = "STORAGE_EMULATOR_HOST"
# Tells the emulator's reading from the job's in a store's own count of requests.
USER_AGENT = "tierwise-emulator"


async def read_objects(body: Mapping[str, Any], call: Call) -> dict[str, bytes]:
    """The objects that a decoded request names, by URI.

    Raises:
      Refusal: 400 for an address that this API does not take, 403 or 404 for one that it cannot
        read, and 400 for a file that is too large.
    """
    uris = list(dict.fromkeys(_uris(body)))
    for uri in uris:
        bucket, _, name = uri.removeprefix(BUCKET_SCHEME).partition("/")
        if not call.vertex or not (uri.startswith(BUCKET_SCHEME) and bucket and name):
            raise Refusal(400, f"Invalid or unsupported file uri: {uri}")
    if not uris:
        return {}
    async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session:
        found = await asyncio.gather(*(_read(session, uri) for uri in uris))
    return dict(zip(uris, found, strict=True))


def _uris(body: Mapping[str, Any]) -> Iterator[str]:
    for content in [*(body.get("contents") or ()), body.get("system_instruction") or {}]:
        for part in content.get("parts") or ():
            if "file_data" in part:
                yield (part["file_data"] or {}).get("file_uri") or ""


async def _read(session: aiohttp.ClientSession, uri: str) -> bytes:
    host = os.environ.get(HOST_VARIABLE, "")
    if urlsplit(host).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise _denied(uri)
    bucket, _, name = uri.removeprefix(BUCKET_SCHEME).partition("/")
    address = f"{host.rstrip('/')}/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    try:
        async with session.get(f"{address}?alt=media") as reply:
            data = await reply.read()
    except aiohttp.ClientError as error:
        raise Refusal(500, f"Internal error encountered while reading {uri}.") from error
    if reply.status == 404:
        raise Refusal(404, f"A valid object was not found at the specified URL: {uri}")
    if reply.status != 200:
        raise _denied(uri)
    if len(data) > MOST_REFERENCED_BYTES:
        raise Refusal(
            400, f"{uri} has {len(data)} bytes; the limit is {MOST_REFERENCED_BYTES} per image."
        )
    return data


def _denied(uri: str) -> Refusal:
    return Refusal(
        403,
        "The Vertex AI service agent does not have storage.objects.get access to the Google Cloud "
        f"Storage object {uri}.",
    )
