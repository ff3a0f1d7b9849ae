"""Batch jobs of Vertex AI: rows of objects in a bucket, results beside each other in a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tierwise.emulator.batches.import_rules import import_rows
from tierwise.emulator.batches.jobs import BatchJob
from tierwise.emulator.batches.result_lines import vertex_line
from tierwise.emulator.batches.rows import Row
from tierwise.emulator.batches.service_desk import JobFailedError
from tierwise.emulator.batches.stored_files import timestamp
from tierwise.emulator.object_store import ObjectStore, StoreError, open_store, split_uri

_MOST_INPUT_BYTES = 1_000_000_000
# Where Vertex AI begins another file is not published.
_MOST_RESULT_BYTES = 256 * 1024**2
_AGENT = "service-1@gcp-sa-aiplatform.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class VertexDesk:
    """Implements `ServiceDesk` for a job that reads `sources` and writes below `prefix`."""

    sources: tuple[str, ...]
    prefix: str
    now: Callable[[], datetime]
    cancelled_code: int = 1

    async def fetch(self, job: BatchJob) -> None:
        """Copy the objects, and import them: the whole job fails by one row."""
        async with open_store() as store:
            for uri in {self.prefix, *self.sources}:
                await _check_bucket(store, uri)
            for number, uri in enumerate(self.sources):
                path = job.folder / f"input-{number}.jsonl"
                await _fetch(store, uri, path)
                job.inputs.append(path)
        job.rows = await asyncio.to_thread(import_rows, job.inputs)
        if refused := job.faults.first("batch_line_refused"):
            refused.struck()
            raise JobFailedError(3, "Failed to import data. Row refused by a fault.")

    def most_in_a_file(self, job: BatchJob) -> tuple[int | None, int | None]:
        """Files of 256 MB, or as short as a fault wants them."""
        shards = job.faults.first("batch_shards")
        if shards:
            shards.struck()
        return (shards.setting("rows") if shards else None), _MOST_RESULT_BYTES

    def line(
        self, row: Row, status: int, body: Mapping[str, Any], struck: Collection[str], under: str
    ) -> bytes:
        """A line of the predictions."""
        del under  # there is only one way that a failure is told
        return vertex_line(row, status, body, struck, self.now())

    async def publish(self, job: BatchJob, written: list[Path]) -> None:
        """Write `predictions.jsonl`, or several files of a common beginning."""
        if not written:
            return
        folder = f"{self.prefix.rstrip('/')}/prediction-model-{timestamp(job.created)}"
        job.output = folder  # told even where nothing can be written
        if not job.faults.first("batch_results_gone"):
            async with open_store() as store:
                for path, name in zip(written, _names(len(written)), strict=True):
                    await _put(store, f"{folder}/{name}", path)


def _names(count: int) -> list[str]:
    if count == 1:
        return ["predictions.jsonl"]
    return [f"predictions-{number:05}-of-{count:05}.jsonl" for number in range(count)]


async def _check_bucket(store: ObjectStore, uri: str) -> None:
    bucket, _ = split_uri(uri)
    try:
        if await store.has_bucket(bucket):
            return
    except StoreError as error:
        raise _failed(error, "storage.buckets.get") from error
    raise _no_bucket(bucket)


async def _fetch(store: ObjectStore, uri: str, path: Path) -> None:
    try:
        await store.fetch(uri, path)
    except StoreError as error:
        raise _failed(error, "storage.objects.get") from error
    if path.stat().st_size > _MOST_INPUT_BYTES:
        size = path.stat().st_size
        raise JobFailedError(3, f"{uri} has {size} bytes; the limit is {_MOST_INPUT_BYTES}.")


async def _put(store: ObjectStore, uri: str, path: Path) -> None:
    try:
        await store.put(uri, path)
    except StoreError as error:
        raise _failed(error, "storage.objects.create") from error


def _failed(error: StoreError, permission: str) -> JobFailedError:
    if error.status == 404 and permission != "storage.objects.get":
        return _no_bucket(split_uri(error.uri)[0])
    if error.status == 404:
        return JobFailedError(5, f"The object {error.uri} does not exist.")
    if error.status in (401, 403):
        what = "write" if permission == "storage.objects.create" else "read"
        told = f'doesn\'t have sufficient permission "{permission}" to {what} {error.uri}.'
        return JobFailedError(7, f"Service account {_AGENT} {told}")
    return JobFailedError(13, f"Internal error encountered while reaching {error.uri}.")


def _no_bucket(bucket: str) -> JobFailedError:
    return JobFailedError(
        9,
        f"Failed to get GCS bucket location for {bucket}. Please check that the bucket exists and "
        "permissions are set correctly.",
    )
