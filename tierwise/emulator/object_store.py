"""Buckets on this machine, read and written as a service agent of Google's would.

Only a local storage emulator is asked, found as Google's own libraries find it, by the environment
variable STORAGE_EMULATOR_HOST. Without one it is as if the agent had no permission.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp

from tierwise.references import BUCKET_SCHEME
from tierwise.storage.gcs_names import HOST_VARIABLE

# Tells the emulator's reading from the job's in a store's own count of requests.
USER_AGENT = "tierwise-emulator"
_PIECE = 1 << 20
_LOCAL = ("127.0.0.1", "localhost", "::1")


class StoreError(Exception):
    """The store says no: `status` is HTTP's, 403 where there is no store, 500 where it failed."""

    def __init__(self, status: int, uri: str) -> None:
        super().__init__(f"{uri}: HTTP {status}")
        self.status = status
        self.uri = uri


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and name of `gs://bucket/name`; empty where it is no such address."""
    if not uri.startswith(BUCKET_SCHEME):
        return "", ""
    bucket, _, name = uri.removeprefix(BUCKET_SCHEME).partition("/")
    return bucket, name


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A store for as long as it is open; see `open_store`."""

    session: aiohttp.ClientSession
    host: str

    async def read(self, uri: str) -> bytes:
        """A whole object; raises StoreError."""
        return b"".join([piece async for piece in self.pieces(uri)])

    async def fetch(self, uri: str, path: Path) -> None:
        """Copy an object to a file of this machine; raises StoreError."""
        with path.open("wb") as file:
            async for piece in self.pieces(uri):
                file.write(piece)

    async def pieces(self, uri: str) -> AsyncIterator[bytes]:
        """The bytes of an object as they come; raises StoreError."""
        bucket, name = split_uri(uri)
        address = f"{self._host(uri)}/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        try:
            async with self.session.get(f"{address}?alt=media") as reply:
                if reply.status != 200:
                    raise StoreError(reply.status, uri)
                async for piece in reply.content.iter_chunked(_PIECE):
                    yield piece
        except aiohttp.ClientError as error:
            raise StoreError(500, uri) from error

    async def has_bucket(self, bucket: str) -> bool:
        """Whether a bucket is there, as far as one is told; raises StoreError without a store."""
        address = f"{self._host(BUCKET_SCHEME + bucket)}/storage/v1/b/{quote(bucket, safe='')}"
        try:
            async with self.session.get(address) as reply:
                return reply.status != 404
        except aiohttp.ClientError as error:
            raise StoreError(500, BUCKET_SCHEME + bucket) from error

    async def put(self, uri: str, path: Path) -> None:
        """Upload a file in one request; raises StoreError."""
        bucket, name = split_uri(uri)
        address = f"{self._host(uri)}/upload/storage/v1/b/{bucket}/o"
        query = {"uploadType": "media", "name": name}
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
        }
        try:
            with path.open("rb") as file:
                async with self.session.post(
                    address, params=query, data=file, headers=headers
                ) as reply:
                    if reply.status not in (200, 201):
                        raise StoreError(reply.status, uri)
        except aiohttp.ClientError as error:
            raise StoreError(500, uri) from error

    def _host(self, uri: str) -> str:
        if urlsplit(self.host).hostname not in _LOCAL:
            raise StoreError(403, uri)
        return self.host.rstrip("/")


@asynccontextmanager
async def open_store() -> AsyncIterator[ObjectStore]:
    """The store that the environment names."""
    headers = {"User-Agent": USER_AGENT}
    timeout = aiohttp.ClientTimeout(total=None, sock_read=300)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield ObjectStore(session, os.environ.get(HOST_VARIABLE, ""))
